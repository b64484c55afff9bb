"""Reads a profile: one YAML file, checked whole before anything starts.

An unknown key or a bad value is a `ProfileError` with file, line and the valid choices. Boards are data:
`firmware_configs/NAME.yaml`, found by name.
"""

import difflib
import json
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import ValidationError

from edge_agent.errors import ProfileError
from edge_agent.profile import Profile

DEFAULT_PROFILE = "generic_x86"


class _Loader(yaml.SafeLoader):
    """YAML 1.2 booleans: `state: on` is the word "on", not true."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def shipped_profiles() -> dict[str, Path]:
    """Profiles that come with the package, by name."""
    here = Path(__file__).resolve().parent
    # an installed package carries them inside, a checkout beside it
    for folder in (here / "firmware_configs", here.parent / "firmware_configs"):
        found = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
        if found:
            return found
    return {}


def load_profile(name_or_path: str | Path = DEFAULT_PROFILE) -> Profile:
    """Read and check a profile, by shipped name or by file.

    Raises ProfileError with file and line.
    """
    path = _find(str(name_or_path))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: cannot be read ({error.__class__.__name__}); give a YAML file") from None
    root = _compose(path, text)
    try:
        values = yaml.load(text, Loader=_Loader)
        # checked as JSON, where a list may fill a tuple although the schema is strict
        profile = Profile.model_validate_json(json.dumps(values))
    except ValidationError as error:
        raise _explained(path, root, error) from None
    except (TypeError, ValueError) as error:
        raise ProfileError(f"{path}:1: {error}; use plain strings, numbers, lists and true or false") from None
    return _with_absolute_paths(profile, path.parent)


def _find(name_or_path: str) -> Path:
    shipped = shipped_profiles()
    if name_or_path in shipped:
        return shipped[name_or_path]
    path = Path(name_or_path)
    if path.is_file():
        return path
    choices = ", ".join(shipped) or "none is shipped"
    raise ProfileError(f"no profile '{name_or_path}': give a YAML file or one of: {choices}")


def _compose(path: Path, text: str) -> yaml.MappingNode:
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ProfileError(f"{path}:{line}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ProfileError(f"{path}:1: not valid YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(root, yaml.MappingNode):
        raise ProfileError(f"{path}:1: a profile is a list of 'key: value' lines, beginning with 'name:'")
    _refuse_twice(path, root)
    return root


def _refuse_twice(path: Path, root: yaml.MappingNode) -> None:
    """A key that stands twice would silently lose what the first one says."""
    waiting: list[yaml.Node] = [root]
    looked_at: set[int] = set()  # an alias may lead back
    while waiting:
        node = waiting.pop()
        if id(node) in looked_at or not isinstance(node, yaml.CollectionNode):
            continue
        looked_at.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
            continue
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                raise ProfileError(f"{path}:{key.start_mark.line + 1}: '{key.value}' stands twice; keep one of them")
            seen.add(str(key.value))
            waiting.append(value)


def _explained(path: Path, root: yaml.MappingNode, error: ValidationError) -> ProfileError:
    """First fault of a profile, with its line and the cure."""
    fault = error.errors(include_url=False)[0]
    where = fault["loc"]
    key = ".".join(str(part) for part in where)
    place = f"{path}:{_line_of(root, where)}"
    if fault["type"] == "extra_forbidden":
        return ProfileError(f"{place}: unknown key '{key}'; {_suggestion(where)}")
    if fault["type"] == "missing":
        return ProfileError(f"{place}: '{key}' is missing")
    return ProfileError(f"{place}: '{key}' is {fault['input']!r}: {_lower_first(fault['msg'])}")


def _line_of(root: yaml.Node, where: tuple[int | str, ...]) -> int:
    """Line (from 1) of the deepest part of a path that the file has."""
    node, line = root, root.start_mark.line
    for part in where:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == part), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
    return line + 1


def _suggestion(where: tuple[int | str, ...]) -> str:
    model: Any = Profile
    for part in where[:-1]:
        fields_here = getattr(model, "model_fields", None)
        # a list or a mapping of models: what it holds comes last
        inner = [each for each in get_args(model) if each is not ...]
        model = inner[-1] if fields_here is None else fields_here[part].annotation
    valid = list(model.model_fields)
    close = difflib.get_close_matches(str(where[-1]), valid, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"{hint}valid: {', '.join(valid)}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _with_absolute_paths(profile: Profile, folder: Path) -> Profile:
    """Files that a profile names are relative to the profile, not to where the agent was started."""
    model = profile.model.model_copy(update={"bundle": _absolute(profile.model.bundle, folder)})
    cloud = profile.cloud.model_copy(update={"safety_rules": _absolute(profile.cloud.safety_rules, folder)})
    files = {"receipts": profile.privacy.receipts, "switch": profile.privacy.switch}
    privacy = profile.privacy.model_copy(update={key: _absolute(file, folder) for key, file in files.items()})
    camera = profile.camera.model_copy(update={"source": _absolute(profile.camera.source, folder)})
    commands = _absolute(profile.commands, folder)
    update = {"model": model, "commands": commands, "cloud": cloud, "privacy": privacy, "camera": camera}
    return profile.model_copy(update=update)


def _absolute(name_or_path: str, folder: Path) -> str:
    is_file = "/" in name_or_path or name_or_path.endswith((".yaml", ".yml"))
    return str((folder / name_or_path).resolve()) if is_file else name_or_path
