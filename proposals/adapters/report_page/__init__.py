"""The evaluation as one HTML page that stands alone: no network, no script, no font. Needs the extra `report`.

`facts` says in words what a report holds, `charts` which drawings there are, `drawing` makes SVG of them, and the
template lays everything out.
"""

from proposals.adapters.report_page.page import page

__all__ = ["page"]
