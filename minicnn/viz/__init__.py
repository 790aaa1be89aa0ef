"""The figures of minicnn.

Each function returns a matplotlib Figure without showing or saving it: ``figure.savefig(path)``
saves it, and :func:`show` opens windows. The functions draw tensors, which `minicnn.metrics`,
`minicnn.layers.activations` and `minicnn.insight` compute.
"""

from . import settings as settings  # first: it imports matplotlib safely
from .confusion import confusion_matrix
from .curves import learning_curves
from .feature_maps import feature_maps
from .filters import filters
from .guesses import guesses
from .heat_maps import grad_cam, occlusion, saliency
from .histograms import activation_histograms, gradient_histograms
from .lr_range import lr_range_test
from .mistakes import worst_mistakes
from .pca import pca
from .predictions import predictions
from .reliability import reliability_diagram
from .show import show
from .usual import usual_figures

__all__ = [
    "activation_histograms",
    "confusion_matrix",
    "feature_maps",
    "filters",
    "grad_cam",
    "gradient_histograms",
    "guesses",
    "learning_curves",
    "lr_range_test",
    "occlusion",
    "pca",
    "predictions",
    "reliability_diagram",
    "saliency",
    "show",
    "usual_figures",
    "worst_mistakes",
]
