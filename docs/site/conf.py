# SPDX-License-Identifier: Apache-2.0
"""How Sphinx reads the pages that tools/docs_site.py lays out in build/site."""

project = "Holdfast"
author = "the Holdfast developers"
project_copyright = "the Holdfast developers, Apache-2.0"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
root_doc = "index"

html_theme = "furo"
html_title = "Holdfast"
html_extra_path = ["reports"]
# Nothing is asked of the network, and no page changes because of the day.
html_last_updated_fmt = None
html_show_sphinx = False

# Links to headings as the source's own pages write them: #a-heading.
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]
suppress_warnings = [
    "myst.header",  # pages of rooms begin their sections where they like
    "misc.highlighting_failure",  # output of a program is no language
]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": False}
napoleon_google_docstring = True
napoleon_use_ivar = True
