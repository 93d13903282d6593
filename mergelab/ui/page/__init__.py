"""The page: widgets, and which event calls what. Nothing else in the package imports Gradio."""

from mergelab.ui.page.gradio_import import import_gradio

import_gradio()
