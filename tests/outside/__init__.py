"""Outside judges: PyTorch's own test samples, which neither we nor hypothesis chose.

PyTorch tests its operators, modules and optimizers on samples that its developers wrote down, valid
ones and ones that must be refused. Here every sample of everything that minicnn also has is given
to both. A sample *passes* if the values, and the first and second derivatives, agree, or if both
refuse it. Where only one of the two refuses, a rule in `declined.py` has to say why. No rule
excuses a wrong number.

    python -m tests.outside     prints the table: name, samples, passed, declined with the reason

The samples are a private part of torch and need the package expecttest; where they cannot be
imported, the tests are skipped and say so.

torchvision's networks, which nobody here wrote either, are trained for a step on our functions in
the place of torch's, and give the same scores, gradients and running statistics.

    python -m tests.outside.networks     prints the table: network, differences, time
"""
