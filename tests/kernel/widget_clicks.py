"""Does to widgets what JupyterLab does: finds them, clicks them, shows them, in a subshell."""


class FrontEnd:
    """A front end that sends the messages of widgets to a subshell."""

    def __init__(self, notebook):
        self._notebook = notebook
        message = notebook.client.session.msg("create_subshell_request", {})
        notebook.client.control_channel.send(message)
        reply = notebook.client.get_control_msg(timeout=60)
        self.subshell_id = reply["content"]["subshell_id"]

    def click(self, comm_id):
        """Click a button."""
        self._send(comm_id, {"method": "custom", "content": {"event": "click"}})

    def set(self, comm_id, **state):
        """Change a widget's state, as a user does or as showing it does."""
        self._send(comm_id, {"method": "update", "state": state, "buffer_paths": []})

    def _send(self, comm_id, data):
        message = self._notebook.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        message["header"]["subshell_id"] = self.subshell_id
        self._notebook.client.shell_channel.send(message)

    def widgets(self):
        """Return the state of every open widget by comm id."""
        return widgets(self._notebook)

    def text(self):
        """Return all that HTML widgets show."""
        found = [s["value"] for s in self.widgets().values() if s["_model_name"] == "HTMLModel"]
        return "\n".join(found)

    def button(self, tooltip):
        """Return the comm id of a button that can be clicked; None if there is none."""
        for comm_id, state in self.widgets().items():
            if state["_model_name"] == "ButtonModel" and state["tooltip"] == tooltip:
                return None if state["disabled"] else comm_id
        return None

    def one(self, model, **state):
        """Return the comm id of the widget of this kind and state."""
        for comm_id, has in self.widgets().items():
            if has["_model_name"] == model and all(has.get(k) == v for k, v in state.items()):
                return comm_id
        return None


def widgets(notebook):
    """Return the state of every open widget of a notebook by comm id."""
    notebook.read()
    states = {}
    for message in notebook.published:
        content = message["content"]
        if message["msg_type"] == "comm_open":
            states[content["comm_id"]] = {"disabled": False, **content["data"]["state"]}
        elif message["msg_type"] == "comm_msg" and content["comm_id"] in states:
            states[content["comm_id"]].update(content["data"].get("state", {}))
        elif message["msg_type"] == "comm_close":
            states.pop(content["comm_id"], None)
    return states
