"""Grafana's JSON from a few words: panels flow from left to right on a grid of 24 columns, a
section begins a new line. Every query asks the data source that the viewer has chosen."""

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24


def variable(name, label, query, all_value=".*"):
    """A choice among the values of a label, all of them at first."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": all_value,
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def targets(queries, instant=False):
    """`queries`: pairs of an expression and a legend."""
    return [
        {
            "refId": chr(ord("A") + number),
            "datasource": SOURCE,
            "expr": expression,
            "legendFormat": legend,
            **({"instant": True, "range": False} if instant else {}),
            **({"format": "table"} if instant and not legend else {}),
        }
        for number, (expression, legend) in enumerate(queries)
    ]


def thresholds(steps):
    """`steps`: {value: colour} above a green base."""
    rest = [{"value": value, "color": colour} for value, colour in steps.items()]
    return {"mode": "absolute", "steps": [{"value": None, "color": "green"}, *rest]}


def panel(kind, title, queries, width, height, unit, help_text, steps, options, custom=None):
    instant = kind in ("stat", "table", "bargauge")
    return {
        "type": kind,
        "title": title,
        "description": help_text,
        "datasource": SOURCE,
        "targets": targets(queries, instant),
        "gridPos": {"w": width, "h": height},
        "fieldConfig": {
            "defaults": {
                "unit": unit,
                "thresholds": thresholds(steps or {}),
                **({"custom": custom} if custom else {}),
            },
            "overrides": [],
        },
        "options": options,
    }


def stat(title, expression, unit="short", help_text="", steps=None, width=4):
    """One number, coloured by `steps`."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "background" if steps else "value",
        "graphMode": "none",
        "textMode": "auto",
    }
    return panel("stat", title, [(expression, title)], width, 4, unit, help_text, steps, options)


def graph(title, *queries, unit="short", help_text="", width=12, minimum=None, maximum=None,
          stacked=False):  # fmt: skip
    """Lines over time, with a legend that can be read off."""
    options = {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    custom = {
        "lineWidth": 1,
        "fillOpacity": 30 if stacked else 8,
        "showPoints": "never",
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
    }
    made = panel("timeseries", title, queries, width, 9, unit, help_text, None, options, custom)
    defaults = made["fieldConfig"]["defaults"]
    defaults.update({k: v for k, v in (("min", minimum), ("max", maximum)) if v is not None})
    return made


def bars(title, expression, legend, unit="percent", help_text="", steps=None, width=12,
         maximum=None):  # fmt: skip
    """A bar for each series of now."""
    options = {
        "displayMode": "gradient",
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    made = panel(
        "bargauge", title, [(expression, legend)], width, 9, unit, help_text, steps, options
    )
    made["fieldConfig"]["defaults"].update({"min": 0, **({"max": maximum} if maximum else {})})
    return made


def table(title, expression, columns, unit="short", help_text="", width=24, height=8):
    """The series of now, a row each; `columns`: {label: heading}, and "Value" if it is one."""
    made = panel("table", title, [(expression, "")], width, height, unit, help_text, None, {})
    made["transformations"] = [
        {"id": "filterFieldsByName", "options": {"include": {"names": list(columns)}}},
        {
            "id": "organize",
            "options": {
                "indexByName": {label: place for place, label in enumerate(columns)},
                "renameByName": columns,
            },
        },
    ]
    return made


def section(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": []}


def lay_out(panels):
    """Gives each its place and number."""
    x = y = line_height = 0
    for number, made in enumerate(panels, 1):
        made["id"] = number
        place = made.setdefault("gridPos", {"w": COLUMNS, "h": 1})
        if x + place["w"] > COLUMNS:
            x, y, line_height = 0, y + line_height, 0
        place.update({"x": x, "y": y})
        x += place["w"]
        line_height = max(line_height, place["h"])
    return panels


def dashboard(uid, title, description, variables, panels, span="1h"):
    source = {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
    }
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["weir"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": f"now-{span}", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [source, *variables]},
        "annotations": {"list": []},
        "panels": lay_out(panels),
    }
