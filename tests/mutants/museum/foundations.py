"""Bugs of what all functions stand on: Function, memory and its layout, and plain tensors."""

from ..mutant import Mutant

WORKAROUNDS = "functional/torch_workarounds.py"
LAYOUT, WINDOWS = "functional/layout.py", "functional/windows.py"
WORKAROUNDS_TEST = "functional/test_torch_workarounds.py::test_"
LAYOUT_TEST, WINDOWS_TEST = "functional/test_layout.py::test_", "functional/test_windows.py::test_"

MUTANTS = (
    Mutant(
        "needed: the compiler believed",
        WORKAROUNDS,
        "return is_tensor if torch.compiler.is_compiling() else ctx.needs_input_grad",
        "return ctx.needs_input_grad",
        "Torch 2.14 denies that a bias's gradient is needed, if the weight's is too: it is 0.",
        WORKAROUNDS_TEST + "a_gradient_of_torch_func_by_any_argument_can_be_compiled",
    ),
    Mutant(
        "needed: what is no tensor needs a gradient under the compiler",
        WORKAROUNDS,
        "return is_tensor if torch",
        "return (True,) * len(is_tensor) if torch",
        "A bias that was not given gets one.",
        WORKAROUNDS_TEST + "under_torch_compile_all_tensors_are_needed_and_nothing_else_is",
    ),
    Mutant(
        "Function: signature worked out at every call",
        WORKAROUNDS,
        '    vars(call)["__signature__"] = inspect.signature(f)\n',
        "",
        "Half of what a small operation takes goes into reading its own signature.",
        WORKAROUNDS_TEST
        + "the_signature_of_forward_is_noted_and_not_worked_out_anew_at_every_call",
    ),
    Mutant(
        "allocator: large blocks still from the system",
        WORKAROUNDS,
        "mallopt(M_MMAP_THRESHOLD, 1 << 30) and ",
        "",
        "The heap keeps what is freed, but activations do not come from the heap.",
        WORKAROUNDS_TEST + "a_large_block_that_was_freed_is_used_again_without_page_faults",
    ),
    Mutant(
        "allocator: heap handed back",
        WORKAROUNDS,
        " and mallopt(M_TRIM_THRESHOLD, LARGEST_INT)",
        "",
        "Activations come from the heap, which shrinks as soon as its upper end is free.",
        WORKAROUNDS_TEST + "blocks_of_up_to_a_gigabyte_come_from_a_heap_that_never_shrinks",
    ),
    Mutant(
        "allocator: any system taken for Linux",
        WORKAROUNDS,
        '    if not sys.platform.startswith("linux"):\n        return False\n',
        "",
        "On Windows there is no library that goes by no name: the import fails.",
        WORKAROUNDS_TEST + "on_other_systems_no_library_is_even_looked_for",
    ),
    Mutant(
        "layout: the gradient left in the usual order",
        LAYOUT,
        "return to_batch_last(g)",
        "return g",
        "Right, but every operation before has to convert it.",
        LAYOUT_TEST + "the_gradient_of_the_usual_order_comes_back_batch_last",
    ),
    Mutant(
        "layout: channels-last taken for rows-last",
        LAYOUT,
        "return y.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)",
        "return y.permute(0, 3, 2, 1).contiguous().permute(0, 3, 2, 1)",
        "Columns come before rows: right numbers in a layout that is nobody's.",
        LAYOUT_TEST + "a_result_follows_the_layout_of_another_tensor",
    ),
    Mutant(
        "windows: an image cut off at the wrong end",
        WINDOWS,
        "inside = inside.narrow(dim, min(first, x.shape[dim]), max(last - first, 0))",
        "inside = inside.narrow(dim, 0, max(last - first, 0))",
        "The cells at its start are kept, whatever the start of the frame.",
        WINDOWS_TEST + "an_image_is_placed_in_a_frame_that_pads_it_or_cuts_it_off",
    ),
)
