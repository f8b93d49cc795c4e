"""React for a page of the tests, taken from where it is installed already: JupyterLab's wheel carries it.

So a test of React components needs neither npm nor a network, and no copy of React is kept here.
"""

import re
from importlib.util import find_spec
from pathlib import Path

from tests.needs import need

_REACT = re.compile(r"\.useState=function\b")
_REACT_DOM = re.compile(r"\.createRoot=function\b")
#: A chunk hands its modules to an array of this name.
_CHUNKS = re.compile(r"\(self\.(\w+)=self\.\1\|\|\[\]\)\.push\(")

# `React` itself is the one module that react-dom's chunk expects from outside.
_MODULE = """
const self = {};
%(chunks)s
const modules = Object.assign({}, ...self.%(name)s.map(([, found]) => found));
const made = {};
function load(id) {
  if (!(id in modules)) return React;
  if (!(id in made)) {
    const module = (made[id] = { exports: {} });
    modules[id](module, module.exports, load);
  }
  return made[id].exports;
}
const idOf = (sign) => Object.keys(modules).find((id) => sign.test(modules[id].toString()));
const React = load(idOf(/%(react)s/));
const ReactDOM = load(idOf(/%(react_dom)s/));
export const { createElement, useEffect, useRef, useState, version } = React;
export const { createRoot } = ReactDOM;
"""


def react_module() -> str:
    """An ES module with React's and react-dom's functions; skips the test where JupyterLab has none."""
    texts = [path.read_text(encoding="utf-8") for path in _jupyterlab_static().glob("*.js")]
    chunks = [next(filter(sign.search, filter(_CHUNKS.search, texts)), "") for sign in (_REACT, _REACT_DOM)]
    need(all(chunks), "React, as JupyterLab's wheel carries it,")
    name = _CHUNKS.search(chunks[0])
    assert name is not None
    return _MODULE % {
        "chunks": "\n".join(chunks),
        "name": name[1],
        "react": _REACT.pattern,
        "react_dom": _REACT_DOM.pattern,
    }


def _jupyterlab_static() -> Path:
    spec = find_spec("jupyterlab")
    need(spec is not None and spec.origin is not None, "JupyterLab")
    return Path(spec.origin).parent / "static" if spec is not None and spec.origin is not None else Path()
