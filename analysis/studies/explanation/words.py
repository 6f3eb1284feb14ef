"""Explainers and manipulations as a reader writes them."""

from analysis.names import Spelling

written = Spelling(
    {
        "deeplift": "DeepLIFT",
        "grad cam": "Grad-CAM",
        "kernel shap": "KernelSHAP",
        "lime": "LIME",
        "lrp": "LRP",
        "no op": "no-op",
        "smoothgrad": "SmoothGrad",
    }
)
