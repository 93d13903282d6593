"""The theme: fonts that ship with Gradio, quiet neutral colours and one accent."""

from __future__ import annotations

import gradio as gr

from mergelab.ui.web import HERE

_AREAS = "colours", "frame", "sidebar", "cards", "lab", "help"
_TABS = (
    "answers/answers.css",
    "compare/compare.css",
    "tensor/tensor.css",
    "task_sets/task_sets.css",
    "runs/runs.css",
    "sweep/sweep.css",
    "papers/papers.css",
    "sidebar/varied.css",
)
STYLES = [HERE / name for name in (*(f"styles/{area}.css" for area in _AREAS), *_TABS, "styles/narrow.css")]
"""The page's style sheets. A later one may refine an earlier one."""
ACCENT = gr.themes.Color(
    "#f3f1fe",
    "#e7e3fd",
    "#d2cbfb",
    "#b4a8f7",
    "#9382ef",
    "#7764e4",
    "#5f4bd0",
    "#4e3cb0",
    "#41338f",
    "#372d73",
    "#221b4c",
)
NEUTRAL = gr.themes.Color(
    "#fafafb",
    "#f4f4f6",
    "#e8e8ec",
    "#d5d6dc",
    "#a3a8b3",
    "#686d78",
    "#555a66",
    "#3d414b",
    "#25272e",
    "#1a1c21",
    "#121317",
)


def theme() -> gr.themes.Base:
    """The theme handed to launch; everything finer is in the style sheets."""
    return gr.themes.Base(
        primary_hue=ACCENT,
        neutral_hue=NEUTRAL,
        radius_size=gr.themes.sizes.radius_md,
        spacing_size=gr.themes.sizes.spacing_md,
        text_size=gr.themes.sizes.text_md,
        font=[gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"],
        font_mono=[gr.themes.LocalFont("IBM Plex Mono", weights=(400,)), "ui-monospace", "monospace"],
    ).set(
        body_background_fill="#fafafb",
        body_background_fill_dark="#121317",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#1a1c21",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_title_text_weight="700",
        block_title_text_size="13px",
        block_info_text_size="12px",
        block_padding="0px",
        input_background_fill="#ffffff",
        input_background_fill_dark="#1f2127",
        input_border_color="#d5d6dc",
        input_border_color_dark="#3d414b",
        button_primary_background_fill="#5f4bd0",
        button_primary_background_fill_hover="#4e3cb0",
        button_primary_text_color="#ffffff",
        button_primary_background_fill_dark="#7764e4",
        button_primary_background_fill_hover_dark="#9382ef",
        slider_color="#5f4bd0",
        slider_color_dark="#9382ef",
        checkbox_background_color_selected="#5f4bd0",
        checkbox_background_color_selected_dark="#7764e4",
    )
