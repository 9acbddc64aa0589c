"""Loaded by the server that workers are forked from: every rule is compiled before there is a worker."""

from gridsim.studies.trial import compile_once

compile_once()
