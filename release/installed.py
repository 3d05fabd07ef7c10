"""What is installed in the environment of the Python that runs this, as JSON on stdout.

    ENVIRONMENT/bin/python release/installed.py

Needs the edge-emotion package and pip in it, and nothing else.
"""

import json
import platform
from importlib.metadata import Distribution, distribution, distributions

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

OURS = "edge-emotion"


def main() -> None:
    """Print it."""
    packages = {
        canonicalize_name(one.metadata["Name"]): {
            "version": one.version,
            "license": licence(one),
            "home": home(one),
        }
        for one in distributions()
    }
    extras = distribution(OURS).metadata.get_all("Provides-Extra") or []
    groups = {"": sorted(needed(""))}
    groups |= {extra: sorted(needed(extra) - set(groups[""])) for extra in extras}
    print(
        json.dumps(
            {
                "python": platform.python_version(),
                "machine": platform.machine(),
                "groups": groups,
                "packages": packages,
            }
        )
    )


def needed(extra: str) -> set[str]:
    """The installed packages that an extra brings, those of the base install with them."""
    found: set[str] = set()
    open_names = [(OURS, frozenset({extra}))]
    seen = set(open_names)
    while open_names:
        name, extras = open_names.pop()
        try:
            requires = distribution(name).requires or []
        except ImportError:  # an extra that is not installed
            found.discard(name)
            continue
        for requirement in map(Requirement, requires):
            chosen = [{"extra": one} for one in (extras or {""})]
            if requirement.marker and not any(map(requirement.marker.evaluate, chosen)):
                continue
            following = canonicalize_name(requirement.name), frozenset(requirement.extras or {""})
            found.add(following[0])
            if following not in seen:
                seen.add(following)
                open_names.append(following)
    return {name for name in found if name != OURS and is_installed(name)}


def is_installed(name: str) -> bool:
    """Whether a package is there."""
    try:
        distribution(name)
    except ImportError:
        return False
    return True


def licence(package: Distribution) -> str:
    """Its licence by the newest field that tells it, or an empty text."""
    about = package.metadata
    if about["License-Expression"]:
        return str(about["License-Expression"])
    trove = [line for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    names = [line.rpartition(" :: ")[2] for line in trove]
    named = [name for name in names if name != "OSI Approved"]
    if named:
        return " or ".join(named)
    return str(about["License"] or "").strip().partition("\n")[0]


def home(package: Distribution) -> str:
    """The address of its project, or an empty text."""
    if package.metadata["Home-page"]:
        return str(package.metadata["Home-page"])
    links = dict(link.split(", ", 1) for link in package.metadata.get_all("Project-URL") or [])
    wanted = ("homepage", "home", "repository", "source", "source code", "github")
    lower = {key.lower(): address for key, address in links.items()}
    return next((lower[key] for key in wanted if key in lower), next(iter(links.values()), ""))


if __name__ == "__main__":
    main()
