"""The filter's part for `match` statements, whose patterns read attributes without a guard."""

from __future__ import annotations

import ast
from itertools import count
from typing import cast

from RestrictedPython.transformer import RestrictingNodeTransformer

from codeact.sandbox.language.names import BANNED
from codeact.sandbox.language.nodes import call, placed

# One for each pattern of all programs: a text that `exec` runs shares its variables with the program around it, and
# must not put another class in a pattern of that program.
_match_numbers = count(1)


class PatternFilter(RestrictingNodeTransformer):
    """Rewrites patterns so that each class and each value in them has been looked at before."""

    def visit_Match(self, node: ast.Match) -> list[ast.stmt]:
        prelude: list[ast.stmt] = []
        for case in node.cases:
            for pattern in ast.walk(case.pattern):
                if isinstance(pattern, ast.MatchClass):
                    prelude.append(self._bind_match_class(pattern))
                elif isinstance(pattern, ast.MatchValue) and isinstance(pattern.value, ast.Attribute):
                    prelude.append(self._bind_match_value(pattern))
                elif isinstance(pattern, ast.MatchMapping):
                    self._check_match_keys(pattern)
        visited = cast(ast.stmt, self.node_contents_visit(node))
        return [*prelude, visited]

    def _match_name(self) -> str:
        return f"_match{next(_match_numbers)}_"

    def _bind_match_class(self, node: ast.MatchClass) -> ast.stmt:
        """Bind the checked class to a name that no program can bind, and let the pattern use that.

        A class pattern reads attributes without a guard, so the class has to be one of the program's own (or a plain
        built-in type without keyword patterns), and must not change between the check and the match.
        """
        name = self._match_name()
        for attribute in node.kwd_attrs:
            if attribute.startswith("_") or attribute in BANNED:
                self.error(node, f"the attribute {attribute} is not available here")
        attributes = ast.Tuple([ast.Constant(attribute) for attribute in node.kwd_attrs], ast.Load())
        positional = ast.Constant(bool(node.patterns))
        checked = call("_match_class_", cast(ast.expr, self.visit(node.cls)), attributes, positional)
        node.cls = placed(ast.Name(name, ast.Load()), node.cls)
        return placed(ast.Assign([ast.Name(name, ast.Store())], checked), node)

    def _bind_match_value(self, node: ast.MatchValue) -> ast.stmt:
        """`case Color.RED`: read the value through the guard now, and let the pattern take it from a holder."""
        name = self._match_name()
        held = call("_match_value_", cast(ast.expr, self.visit(node.value)))
        node.value = placed(ast.Attribute(ast.Name(name, ast.Load()), "value", ast.Load()), node.value)
        return placed(ast.Assign([ast.Name(name, ast.Store())], held), node)

    def _check_match_keys(self, node: ast.MatchMapping) -> None:
        for key in node.keys:
            if isinstance(key, ast.Attribute):
                self.error(node, "only literal keys are available in a pattern")

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        # Values with a dot were bound before; a pattern's grammar leaves literals, with a sign or as `1 + 2j`.
        return node

    def visit_MatchSingleton(self, node: ast.MatchSingleton) -> ast.AST:
        return node

    def visit_MatchSequence(self, node: ast.MatchSequence) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_MatchOr(self, node: ast.MatchOr) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> ast.AST:
        self.check_name(node, node.name)
        return node

    def visit_MatchAs(self, node: ast.MatchAs) -> ast.AST:
        self.check_name(node, node.name)
        return self.node_contents_visit(node)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> ast.AST:
        self.check_name(node, node.rest)
        node.patterns = [cast(ast.pattern, self.visit(pattern)) for pattern in node.patterns]
        return node

    def visit_MatchClass(self, node: ast.MatchClass) -> ast.AST:
        node.patterns = [cast(ast.pattern, self.visit(pattern)) for pattern in node.patterns]
        node.kwd_patterns = [cast(ast.pattern, self.visit(pattern)) for pattern in node.kwd_patterns]
        return node
