"""Run every command of the README as a newcomer would: in fresh clones and fresh environments.

    python3 .ci/readme.py           run them
    python3 .ci/readme.py --list    print what would run, and where

A block of commands that installs something gets a clone and an environment of its own, since one
extra can hide that another lacks a package. The other blocks follow the first one in its clone and
its environment, in the order of the README, and so does its Python code. A block in any other
language is refused: nothing in the README is left out.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(\w*).*?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = ("bibtex",)

# Options that make a command of many minutes a matter of one.
SHORTER = {
    "--preset tiny": "--epochs 1",
    "--preset best": "--epochs 1",
    "tests.bench.choose_settings": "--splits 1",
}

# What the reader of a command has done before: drawn a digit, solved an exercise.
BEFORE = {
    "my_seven.jpg": """
from PIL import Image, ImageDraw
picture = Image.new("L", (400, 300), "white")
ImageDraw.Draw(picture).line([(140, 60), (250, 60), (180, 240)], "black", 24, "curve")
picture.save("my_seven.jpg")
""",
    "check conv2d_grad_input.py": """
import inspect
from pathlib import Path
from minicnn.exercises.tasks import conv2d_grad_input as exercise
answer = inspect.getsource(exercise.solution).replace("solution", "conv2d_grad_input", 1)
Path("conv2d_grad_input.py").write_text("from torch import Tensor\\n\\n" + answer)
""",
}


def main() -> None:
    """Run the commands of all blocks; stop at the first that fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", action="store_true", help="print the commands, run nothing")
    only_list = parser.parse_args().list
    with tempfile.TemporaryDirectory(prefix="minicnn-readme-") as folder:
        first = Path(folder, "0")
        for number, commands in enumerate(blocks((ROOT / "README.md").read_text("utf-8"))):
            own = number == 0 or installs(commands)
            clone = Path(folder, str(number)) if own else first
            print(f"\n== block {number}, in {'a clone of its own' if own else 'the first clone'}")
            if only_list:
                print(*commands, sep="\n")
                continue
            if own:
                make_clone(clone, with_environment="-m venv" not in commands[0])
            for command in commands:
                run(command, clone)
            if own and clone != first:
                subprocess.run(["rm", "-rf", clone], check=True)  # gigabytes


def blocks(readme: str) -> Iterator[list[str]]:
    """Yield the commands of each block, and the Python code of all of them as the last one."""
    code = ""
    for language, text in FENCE.findall(readme):
        if language == "python":
            code += text
        elif language == "bash":
            lines = text.replace("\\\n", " ").splitlines()
            yield [line for line in lines if line.strip() and not line.startswith("#")]
        elif language not in NOT_RUN:
            sys.exit(f"README.md: a block in {language or 'no language'!r}, which CI does not run")
    yield [f"python3 - <<'END'\n{code}END"]


def installs(commands: list[str]) -> bool:
    """Tell whether a block changes its environment."""
    return any("pip install" in command for command in commands)


def make_clone(folder: Path, with_environment: bool) -> None:
    """Clone the last commit, with an empty environment if the commands do not make theirs."""
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    if with_environment:
        subprocess.run(["python3", "-m", "venv", folder / ".venv"], check=True)


def run(command: str, clone: Path) -> None:
    """Run a command where its reader would, with nobody at the keyboard."""
    for part, option in SHORTER.items():
        if part in command:
            command = command.replace(part, f"{part} {option}")
    path = f"{clone / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    for part, code in BEFORE.items():
        if part in command:
            subprocess.run(["python3", "-c", code], cwd=clone, env=environment, check=True)
    print(f"\n+ {command}", flush=True)
    began = time.monotonic()
    shell = ["bash", "-euo", "pipefail", "-c", command]
    code = subprocess.run(
        shell, cwd=clone, env=environment, stdin=subprocess.DEVNULL, check=False
    ).returncode
    print(f"  {time.monotonic() - began:.0f} seconds", flush=True)
    if code != 0:
        sys.exit(f".ci/readme.py: exit code {code}: {command}")


if __name__ == "__main__":
    main()
