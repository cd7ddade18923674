"""How GDB prints Calf's own types."""

import gdb
import gdb.printing

from calf import kernel, paging


class _Address:
    """paddr_t, vaddr_t, pfn_t: the number."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return f"{int(self.value['val']):#x}"


class _Pte:
    def __init__(self, value):
        self.pte = paging.Pte(int(self.raw(value)))

    @staticmethod
    def raw(value):
        return value["raw"]

    def to_string(self):
        if not self.pte.has_frame:
            return "absent"
        return f"{self.pte.raw:#x} {self.pte.flags()} pfn {self.pte.pfn:#x}"


class _Frame:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        number = ""
        if self.value.address is not None:
            number = f"{kernel.frame_number(int(self.value.address)):#x} "
        kind = kernel.enum_name("enum frame_kind", int(self.value["kind"]))
        return (f"frame {number}{kind}, refcount "
                f"{int(self.value['refcount'])}, mapcount "
                f"{int(self.value['mapcount'])}")


class _Vma:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        if self.value.address is None:
            return "area"
        area = kernel.Vma(int(self.value.address))
        what = area.object.name() if area.object else "anonymous"
        return f"{area.start:#x}-{area.end:#x} {area.rights()} {what}"


class _Fault:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        kind = kernel.enum_name("enum fault_kind", int(self.value["kind"]))
        action = "write" if self.value["is_write"] else \
            "fetch" if self.value["is_fetch"] else "read"
        seen = _Pte(self.value["seen"]).to_string()
        return (f"{action} of {int(self.value['address']['val']):#x}, "
                f"seen {seen}, kind {kind} so far")


# The three address types are structures without a tag: their typedefs count.
_PRINTERS = {
    "paddr_t": _Address, "vaddr_t": _Address, "pfn_t": _Address,
    "pte_t": _Pte, "struct frame": _Frame, "struct vma": _Vma,
    "struct fault": _Fault,
}


def _find(value):
    kind = value.type.unqualified()
    name = str(kind)
    if name not in _PRINTERS or kind.code == gdb.TYPE_CODE_PTR:
        return None
    return _PRINTERS[name](value)


gdb.pretty_printers.append(_find)
