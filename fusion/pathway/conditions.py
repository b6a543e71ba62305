"""Conditions of the statement file: small readable expressions over facts.

``supported and radiographs == 'none' and not red_flag`` is read once, checked against the names
and answers that exist, and evaluated over every completion of the facts that are not recorded:
each unrecorded fact is an axis of the arrays that are passed in, so a condition is true, false, or
varies along just those facts that would decide it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusion.errors import PathwayError

BoolArray = npt.NDArray[np.bool_]

#: Answers of each name that conditions may use; None for yes/no names.
Vocabulary = Mapping[str, tuple[str, ...] | None]

#: A condition longer than this is not a readable rule.
LONGEST_CONDITION = 400


@dataclass(frozen=True, slots=True)
class Condition:
    """One checked expression.

    Parameters
    ----------
    source : str
        The expression as written in the statement file; ``"always"`` holds in every case.
    names : tuple of str
        Names it mentions, in order.
    """

    source: str
    names: tuple[str, ...]
    _tree: ast.expr

    @classmethod
    def parse(cls, source: str, vocabulary: Vocabulary, *, label: str) -> Condition:
        """Read and check an expression.

        Raises
        ------
        PathwayError
            Syntax, names or answers that don't exist; the message starts with ``label``.
        """
        if len(source) > LONGEST_CONDITION:
            raise PathwayError(f"{label}: the condition is longer than {LONGEST_CONDITION}.")
        try:
            tree = ast.parse(source.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
            raise PathwayError(f"{label}: the condition {source!r} cannot be read.") from exc
        names: list[str] = []
        _check(tree, vocabulary, names, f"{label}: the condition {source!r}")
        return cls(source, tuple(dict.fromkeys(names)), tree)

    def over(self, values: Mapping[str, npt.NDArray[np.generic]]) -> BoolArray:
        """Evaluate over arrays that broadcast against each other, one axis for each open fact."""
        return _evaluate(self._tree, values)


def _check(node: ast.expr, vocabulary: Vocabulary, names: list[str], label: str) -> None:
    match node:
        case ast.BoolOp(values=parts):
            for part in parts:
                _check(part, vocabulary, names, label)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            _check(part, vocabulary, names, label)
        case ast.Name(id="always"):
            pass
        case ast.Name(id=name):
            if name not in vocabulary:
                raise PathwayError(f"{label} uses {name!r}, which is not a known name.")
            if vocabulary[name] is not None:
                raise PathwayError(f"{label} uses {name!r} as yes or no; compare it instead.")
            names.append(name)
        case ast.Compare(
            left=ast.Name(id=name), ops=[ast.Eq() | ast.NotEq() | ast.In()], comparators=[right]
        ):
            allowed = vocabulary.get(name)
            if allowed is None:
                raise PathwayError(f"{label} compares {name!r}, which has no list of answers.")
            for answer in _answers_in(right, label):
                if answer not in allowed:
                    raise PathwayError(f"{label}: {answer!r} is not an answer of {name!r}.")
            if isinstance(node.ops[0], ast.In) != isinstance(right, ast.Tuple):
                raise PathwayError(f"{label}: write == 'a', != 'a' or in ('a', 'b').")
            names.append(name)
        case _:
            raise PathwayError(f"{label} holds something other than and, or, not, ==, != and in.")


def _answers_in(node: ast.expr, label: str) -> list[str]:
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    answers = [
        part.value
        for part in parts
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    if len(answers) != len(parts) or not answers:
        raise PathwayError(f"{label} compares with something other than answers in quotes.")
    return answers


def _evaluate(node: ast.expr, values: Mapping[str, npt.NDArray[np.generic]]) -> BoolArray:
    result: BoolArray
    match node:
        case ast.BoolOp(op=operator, values=parts):
            result = _evaluate(parts[0], values)
            for part in parts[1:]:
                other = _evaluate(part, values)
                result = result & other if isinstance(operator, ast.And) else result | other
            return result
        case ast.UnaryOp(operand=part):
            return ~_evaluate(part, values)
        case ast.Name(id="always"):
            return np.ones(1, dtype=np.bool_)
        case ast.Name(id=name):
            return values[name].astype(np.bool_, copy=False)
        case ast.Compare(left=ast.Name(id=name), ops=[operator], comparators=[right]):
            answers = _answers_in(right, "")
            result = np.isin(values[name], answers)
            return ~result if isinstance(operator, ast.NotEq) else result
        case _:  # pragma: no cover - parse() refuses it
            raise AssertionError(ast.dump(node))
