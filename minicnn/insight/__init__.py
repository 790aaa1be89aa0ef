"""Interpreting a trained network: numbers about it, each a pure function; `viz` draws them.

saliency, occlusion, grad_cam    which pixels a prediction depends on
calibration                      whether its confidence matches its accuracy
penultimate_features, pca        how it separates the classes before the last layer
gradients                        the gradient of the loss for each parameter
lr_range_test, steepest_lr       which learning rate to train it with
"""

from minicnn.insight.calibration import Calibration, calibration
from minicnn.insight.grad_cam import grad_cam
from minicnn.insight.gradients import gradients
from minicnn.insight.lr_range import lr_range_test, steepest_lr
from minicnn.insight.occlusion import occlusion
from minicnn.insight.pca import PCA, pca, penultimate_features
from minicnn.insight.saliency import saliency

__all__ = [
    "PCA",
    "Calibration",
    "calibration",
    "grad_cam",
    "gradients",
    "lr_range_test",
    "occlusion",
    "pca",
    "penultimate_features",
    "saliency",
    "steepest_lr",
]
