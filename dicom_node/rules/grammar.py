"""The text of a rule set → rules, or the line at fault and the nearest right word. Pure."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dicom_node.domain.errors import RuleError
from dicom_node.domain.work import digest_of
from dicom_node.rules import document
from dicom_node.rules.clauses import AllOf, AnyOf, Clause, FieldClause, Not
from dicom_node.rules.fields import UnknownField, field_of
from dicom_node.rules.forms import (
    AllForm,
    AnyForm,
    FieldForm,
    NotForm,
    RestorationForm,
    RuleForm,
    RuleSetForm,
)
from dicom_node.rules.operands import BadOperand, Operator, convert
from dicom_node.rules.ruleset import Restoration, Rule, RuleSet

_TOP = {"rules"}
_CLAUSE = {"field", "all", "any", "not", *Operator}
_KEYS = _CLAUSE | _TOP | set(RuleForm.model_fields) | set(RestorationForm.model_fields)


def parse(
    text: str, *, pipelines: Collection[str] | None = None, destinations: Collection[str] | None = None
) -> RuleSet:
    """Read a rule set.

    Parameters
    ----------
    text
        YAML with the one key ``rules``.
    pipelines, destinations
        Names that exist; None: not checked.

    Raises
    ------
    RuleError
        The text says something that cannot be; the subject has rule and line.
    """
    read = document.read(text)
    try:
        form = RuleSetForm.model_validate(read.value)
    except ValidationError as error:
        raise _shape_error(_first(error.errors()), read) from error
    compiler = _Compiler(read, pipelines, destinations)
    rules = tuple(compiler.rule(rule, index) for index, rule in enumerate(form.rules))
    compiler.refuse_doubles(rules)
    return RuleSet(text=text, digest=digest_of(form.model_dump(mode="json")), rules=rules)


def _first(errors: list[ErrorDetails]) -> ErrorDetails:
    """Return the error to tell: a key that is not known before one that is missing, which is often the same slip."""
    return next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])


def _shape_error(error: ErrorDetails, read: document.Document) -> RuleError:
    key = next((part for part in reversed(read.place(error["loc"])) if isinstance(part, str)), "rules")
    word = str(error["loc"][-1]) if error["loc"] else key
    if error["type"] == "extra_forbidden":
        near = [] if word in _KEYS else get_close_matches(word, sorted(_KEYS), n=1, cutoff=0.5)
        happened = f"there is no key «{word}» here" + (f"; did you mean «{near[0]}»" if near else "")
    elif error["type"] == "missing":
        happened = f"«{key}» needs more values" if word.isdigit() else f"the key «{word}» is missing"
    elif error["type"] in ("model_type", "model_attributes_type"):
        happened = f"«{key}» should be a mapping"
    else:
        message = (
            error["msg"]
            .removeprefix("Value error, ")
            .removeprefix("Input ")
            .replace("valid tuple", "list")
            .replace("Tuple", "List")
        )
        happened = f"«{key}»: {message}"
    return _error(happened, read, error["loc"])


def _error(happened: str, read: document.Document, path: tuple[str | int, ...]) -> RuleError:
    line = f"line {read.line(path)}"
    name = _rule_name(read.value, path)
    return RuleError(
        happened=happened,
        subject=f"rule «{name}», {line}" if name else line,
        remedy="Correct that line and try again.",
    )


def _rule_name(value: Any, path: tuple[str | int, ...]) -> str:
    try:
        return str(value["rules"][path[1]]["name"])
    except (KeyError, IndexError, TypeError):
        return ""


class _Compiler:
    """Turns forms into rules and knows on which line each part stands."""

    def __init__(
        self, read: document.Document, pipelines: Collection[str] | None, destinations: Collection[str] | None
    ) -> None:
        self._read = read
        self._pipelines = pipelines
        self._destinations = destinations

    def rule(self, form: RuleForm, index: int) -> Rule:
        """Compile one rule."""
        path: document.Path = ("rules", index)
        self._refuse_unknown(self._named(form, path))
        return Rule(
            name=form.name,
            line=self._read.line(path),
            when=self._clause(form.when, (*path, "when")),
            restore=tuple(
                Restoration(pipeline=item.pipeline, strength=item.strength, release=item.release, label=item.label)
                for item in form.restore
            ),
            deliver_to=form.deliver_to,
            forward_originals_to=form.forward_originals_to,
            incomplete=form.incomplete,
            priority=form.priority,
            expires_s=form.expires,
            then=form.then,
            priors=form.priors,
            allow_generative=form.allow_generative,
            equipment=form.equipment,
            qualification=form.qualification,
        )

    def refuse_doubles(self, rules: tuple[Rule, ...]) -> None:
        """Refuse two rules of one name."""
        names: set[str] = set()
        for index, rule in enumerate(rules):
            if rule.name in names:
                raise _error("another rule has this name", self._read, ("rules", index, "name"))
            names.add(rule.name)

    def _named(
        self, form: RuleForm, path: document.Path
    ) -> Iterator[tuple[str, str, Collection[str] | None, document.Path]]:
        for index, item in enumerate(form.restore):
            yield "pipeline", item.pipeline, self._pipelines, (*path, "restore", index, "pipeline")
        sides: Mapping[str, tuple[str, ...]] = {
            "deliver_to": form.deliver_to,
            "forward_originals_to": form.forward_originals_to,
        }
        for key, names in sides.items():
            for index, name in enumerate(names):
                yield "destination", name, self._destinations, (*path, key, index)

    def _refuse_unknown(self, named: Iterator[tuple[str, str, Collection[str] | None, document.Path]]) -> None:
        for kind, name, known, path in named:
            if known is not None and name not in known:
                near = get_close_matches(name, sorted(known), n=1, cutoff=0.5)
                hint = f"; did you mean «{near[0]}»" if near else f"; there is {', '.join(sorted(known)) or 'none'}"
                raise _error(f"there is no {kind} «{name}»{hint}", self._read, path)

    def _clause(self, form: object, path: document.Path) -> Clause:
        if isinstance(form, AllForm):
            return AllOf(of=tuple(self._clause(part, (*path, "all", i)) for i, part in enumerate(form.all)))
        if isinstance(form, AnyForm):
            return AnyOf(of=tuple(self._clause(part, (*path, "any", i)) for i, part in enumerate(form.any)))
        if isinstance(form, NotForm):
            return Not(of=self._clause(form.not_, (*path, "not")))
        if isinstance(form, FieldForm):
            return self._field(form, path)
        raise TypeError(type(form))

    def _field(self, form: FieldForm, path: document.Path) -> FieldClause:
        written = form.model_dump(by_alias=True, exclude_none=True, exclude={"field"})
        if len(written) != 1:
            found = ", ".join(written) or "none"
            raise _error(f"«{form.field}» needs exactly one operator, not {found}", self._read, (*path, "field"))
        operator = Operator(next(iter(written)))
        operand = written[operator]
        texts = [operand] if isinstance(operand, str) else list(operand)
        try:
            field = field_of(form.field)
        except UnknownField as error:
            raise _error(str(error), self._read, (*path, "field")) from error
        try:
            converted = convert(field, operator, texts)
        except BadOperand as error:
            raise _error(str(error), self._read, (*path, operator)) from error
        return FieldClause(field=field, operator=operator, operand=converted, written=", ".join(texts))
