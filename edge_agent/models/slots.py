"""Which values the slots of an intent can take, by the sentences of a commands file."""

from edge_agent.models.commands import Commands, Intent, SlotValue
from edge_agent.models.template_graph import TemplateGraph
from edge_agent.models.word_graph import list_values


def slot_values(commands: Commands, intent: Intent) -> dict[str, tuple[SlotValue, ...]]:
    """Slot -> its values in the order of the file, each once. Raises CommandsError for an unknown list or rule."""
    found: dict[str, dict[SlotValue, None]] = {}
    for template in intent.sentences:
        for reference in TemplateGraph(template, commands.rules).lists:
            values = found.setdefault(reference.slot, {})
            values.update((entry.value, None) for entry in list_values(reference.list_name, template, commands))
    return {slot: tuple(values) for slot, values in found.items() if slot not in intent.slots}
