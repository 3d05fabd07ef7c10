"""Which entries of different files are the same model."""

from collections.abc import Sequence
from dataclasses import replace

from edge_emotion_report.records import Network
from edge_emotion_report.wording import listed


def key_of(network: Network) -> str:
    """What tells an entry from all others: the file it is in, and its place there."""
    return f"{network.source.file}:{network.task}:{network.id}"


def join(networks: Sequence[Network], notes: list[str]) -> list[list[Network]]:
    """Groups of entries about the same model.

    Checksums decide: of the file, or of the network in it, which stays the same where only what is
    told about it differs.  A peer is that and its adapter, for several may read the answers of one
    network.  Without a checksum, a file of the same name and size is the same; an evaluation of an
    earlier version tells neither and is given to the only model of that file's name.
    """
    networks = [replace(one, adapter=_adapter(one, networks)) for one in networks]
    groups: list[list[Network]] = []
    unclear = [network for network in networks if not _checksums(network)]
    for network in networks:
        if _checksums(network):
            _put(network, [group for group in groups if _has(group, network)], groups)
    for network in unclear:
        _put(network, _guessed(network, groups, notes), groups)
    return groups


def _adapter(network: Network, networks: Sequence[Network]) -> str:
    """What tells a peer's adapter from others; empty for what has none.

    An earlier version tells the peer's name alone, which is that of the only adapter with it.
    """
    if not network.peer or network.adapter:
        return network.adapter
    told = {one.adapter for one in networks if one.adapter and one.name == network.name}
    return told.pop() if len(told) == 1 else network.name


def _checksums(network: Network) -> set[tuple[str, str, str]]:
    found = filter(None, (network.sha256, network.flatbuffer_sha256))
    return {(network.task, checksum, network.adapter) for checksum in found}


def _has(group: list[Network], network: Network) -> bool:
    return any(_checksums(one) & _checksums(network) for one in group)


def _put(network: Network, at: list[list[Network]], groups: list[list[Network]]) -> None:
    """Into the group that it belongs to; several, which it shows to be one, are joined."""
    if not at:
        groups.append([network])
        return
    first, *others = at
    for other in others:
        first += other
        groups.remove(other)
    first.append(network)


def _guessed(
    network: Network, groups: list[list[Network]], notes: list[str]
) -> list[list[Network]]:
    alike = [group for group in groups if _may_be(network, group)]
    if network.size_bytes is not None or not alike:
        return alike[:1]
    told = f"{network.source.file} tells no checksum of {network.file}"
    if len(alike) > 1:
        names = listed([f"{group[0].sha256[:8] or group[0].source.file}" for group in alike])
        notes.append(f"{told}, which may be {names}: it is a model of its own here")
        return []
    notes.append(f"{told}: taken for the one of that name in {alike[0][0].source.file}")
    return alike


def _may_be(network: Network, group: list[Network]) -> bool:
    first = group[0]
    sizes = {network.size_bytes, *(one.size_bytes for one in group)} - {None}
    same_file = (network.task, network.file) == (first.task, first.file)
    return same_file and len(sizes) == 1


def named_apart(wanted: Sequence[tuple[str, str, str]], checksums: Sequence[str]) -> list[str]:
    """A label for each model that no other of its task has.

    Args:
        wanted: task, name and format of each.
        checksums: of their files; empty where it is not known.
    """
    labels = []
    for place, (name, checksum) in enumerate(zip(wanted, checksums, strict=True), 1):
        label = f"{name[1]} {name[2]}".strip()
        known = checksum and checksums.count(checksum) == 1  # adapters may share a network
        apart = checksum[:8] if known else place
        labels.append(label if wanted.count(name) == 1 else f"{label} ({apart})")
    return labels


def named_by_difference(machines: Sequence[tuple[str, ...]]) -> list[str]:
    """A label for each machine that no other has: its name, and what others of that name have not.

    Args:
        machines: what tells them from one another, in words, the name first; unlike.
    """
    labels = []
    for place, machine in enumerate(machines, 1):
        others = [other for other in machines if other[0] == machine[0]]
        apart = [own for own, *others in zip(machine, *others, strict=True) if len(set(others)) > 1]
        told = [word for word in apart if word] or ([f"no. {place}"] if apart else [])
        labels.append(", ".join([machine[0], *told]))
    return labels
