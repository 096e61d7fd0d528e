"""Charts as inline SVG: drawn by Vega, less what an HTML page does not need of the drawing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree as ET

import vl_convert

VERSION: Final = "5.21"
"""Of Vega-Lite: named, so that another release of vl-convert draws the same."""

_NAMESPACE: Final = "{http://www.w3.org/2000/svg}"
_NOISE: Final = {
    "aria-hidden", "aria-roledescription", "class", "font-family", "pointer-events", "role", "stroke-miterlimit",
    "version",
}  # fmt: skip
"""Attributes that say nothing to whoever reads the page: its style gives the font, one label tells of the chart."""

_DEFAULTS: Final = {("opacity", "1"), ("fill-opacity", "1"), ("stroke-opacity", "1"), ("stroke-width", "1")}
_LONG: Final = re.compile(r"-?\d+\.\d{2,}(?:e-\d+)?")
_MEASURES: Final = {"d", "transform", "x1", "x2", "y1", "y2", "x", "y", "width", "height"}


def drawn(chart: Mapping[str, Any], title: str) -> str:
    """The chart as an SVG element with a label for whoever does not see it; all text in it is escaped."""
    said = vl_convert.vegalite_to_svg(dict(chart), vl_version=VERSION, allowed_base_urls=[])
    root = ET.fromstring(said)  # noqa: S314 - it reads what Vega has just written
    _clean(root)
    root.attrib |= {"xmlns": _NAMESPACE.strip("{}"), "role": "img", "aria-label": title}
    return ET.tostring(root, encoding="unicode")


def _clean(element: ET.Element) -> None:
    """Leaves what is to be seen: no empty shapes, no roles of marks, no digits below a hundredth of a pixel."""
    element.tag = element.tag.removeprefix(_NAMESPACE)
    for child in list(element):
        _clean(child)
        if _is_unseen(child):
            element.remove(child)
    for name, value in list(element.attrib.items()):
        if name in _NOISE or (name, value) in _DEFAULTS:
            del element.attrib[name]
        elif name in _MEASURES:
            element.set(name, _LONG.sub(lambda number: f"{float(number[0]):.1f}", value))


def _is_unseen(element: ET.Element) -> bool:
    if element.tag == "path":
        return element.get("display") == "none" or not {"fill", "stroke"} & element.attrib.keys()
    return element.tag == "g" and len(element) == 0
