"""Every figure that minicnn draws.

Each function returns a matplotlib Figure and neither shows nor saves it: ``figure.savefig(path)``
saves one, and :func:`show` opens windows. What they draw is tensors; `minicnn.metrics`,
`minicnn.layers.activations` and `minicnn.insight` compute them.
"""

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
