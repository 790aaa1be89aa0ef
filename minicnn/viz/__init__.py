"""Every figure that minicnn draws.

Each function returns a matplotlib Figure and neither shows nor saves it: ``figure.savefig(path)``
saves one, and :func:`show` opens windows.
"""

from .confusion import confusion_matrix
from .curves import learning_curves
from .feature_maps import feature_maps
from .filters import filters
from .predictions import predictions
from .show import show

__all__ = [
    "confusion_matrix",
    "feature_maps",
    "filters",
    "learning_curves",
    "predictions",
    "show",
]
