"""`run.watch`: histograms of a torch model's gradients and parameters.

```
backward ─ hook of each parameter ─ a pass of no interest: count it, that is all
                │ every log_freq-th pass
                ▼ gradient reduced where it lies (65 edges' worth, watch_reduce)
end of backward ─ parameters reduced likewise ─ ONE transfer ─ log(…, commit=False)
```

Hooks are on the parameters, not on the modules: copies and pickles of the model do not
have them, torch.compile does not see them, and nothing of a graph is kept: a gradient
is gone when its hook returns. A hook that fails says so once and the watch ends;
training goes on.
"""

import logging
import sys
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wandb._terminal import termwarn

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

_logger = logging.getLogger(__name__)

LOG_CHOICES = ("gradients", "parameters", "all", None)


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What `watch` was asked for."""

    gradients: bool
    parameters: bool
    log_freq: int
    """In backward passes."""

    @classmethod
    def checked(cls, log: str | None, log_freq: int) -> "WatchOptions":
        """Raises ValueError for what cannot be."""
        if log not in LOG_CHOICES:
            raise ValueError(
                "log must be one of 'gradients', 'parameters', 'all', or None, "
                f"not {log!r}"
            )
        if isinstance(log_freq, bool) or not isinstance(log_freq, int) or log_freq < 1:
            raise ValueError(f"log_freq must be an integer above 0, not {log_freq!r}")
        return cls(log in ("gradients", "all"), log in ("parameters", "all"), log_freq)


@dataclass(slots=True)
class Watches:
    """The models that a run watches."""

    watches: list["ModelWatch"] = field(default_factory=list)
    count: int = 0
    """Models watched so far: numbers the prefixes."""

    def add(
        self, run: "Run", models: Any, options: WatchOptions, index: int | None
    ) -> list[Any]:
        """Watch models; one that is watched already is watched anew.

        Raises:
            TypeError: one is no torch model; then none is watched.
        """
        several = models if isinstance(models, list | tuple) else [models]
        for model in several:
            require_module(model)
        if index is not None:
            self.count = index
        for model in several:
            self.remove([model])
            prefix = f"graph_{self.count}" if self.count else ""
            self.count += 1
            self.watches.append(ModelWatch(run, model, prefix, options))
        return list(several)

    def remove(self, models: Any = None) -> None:
        """Stop watching some models, or all."""
        if models is not None and not isinstance(models, list | tuple):
            models = [models]
        for watch in list(self.watches):
            if models is None or any(watch.is_of(model) for model in models):
                watch.stop()
                self.watches.remove(watch)


class ModelWatch:
    """The hooks on one model's parameters. Holds the model weakly."""

    def __init__(
        self, run: "Run", model: Any, prefix: str, options: WatchOptions
    ) -> None:
        self._run = weakref.ref(run)
        self._model = weakref.ref(model)
        self._prefix = prefix
        self._options = options
        self._hooked: dict[str, tuple[Any, Any]] = {}
        """Name -> (weak reference to the parameter, handle of its hook)."""
        self._reduced: dict[str, Any] = {}
        """Key -> histogram on its device, of the pass that is going on."""
        self._taken = 0
        """The last pass that was due."""
        self.passes = 0
        self.due = options.log_freq
        self.hook_parameters()

    def is_of(self, model: Any) -> bool:
        """Whether it watches this model."""
        return self._model() is model

    def hook_parameters(self) -> None:
        """Put a hook on each parameter that gets a gradient and has none yet."""
        model = self._model()
        if model is None or not (self._options.gradients or self._options.parameters):
            return
        for name, parameter in model.named_parameters():
            known, _ = self._hooked.get(name, (lambda: None, None))
            if parameter.requires_grad and known() is not parameter:
                hook = _Hook(self, f"gradients/{self._prefix}{name}")
                handle = parameter.register_hook(hook)
                self._hooked[name] = (weakref.ref(parameter), handle)

    def stop(self) -> None:
        """Take the hooks away."""
        for _, handle in self._hooked.values():
            handle.remove()
        self._hooked = {}
        self._reduced = {}
        self.due = sys.maxsize

    def take(self, key: str, gradient: Any) -> None:
        """Reduce a gradient of the pass that is due; the end of the pass logs it."""
        from wandb.sdk.watch_reduce import reduced

        if self._taken != self.passes:  # the first gradient of this pass
            self._taken = self.passes
            self._reduced = {}  # of a pass that an error ended
            self._call_at_end()
        if self._options.gradients:
            found = reduced(gradient)
            if found is not None:
                self._reduced[key] = found

    def fail(self, problem: Exception) -> None:
        """Give up: watching must not end a training."""
        self.stop()
        _logger.warning("watch ended problem=%r", problem)
        termwarn(f"wandb.watch() stops after an error: {problem}", repeat=False)

    def _call_at_end(self) -> None:
        """Have the autograd engine call back when the pass that is running ends."""
        from torch.autograd import Variable

        engine: Any = Variable._execution_engine
        engine.queue_callback(self._end_pass)

    def _end_pass(self) -> None:
        try:
            self._log()
        except Exception as problem:  # the boundary of a run: training goes on
            self.fail(problem)

    def _log(self) -> None:
        from wandb.sdk.watch_reduce import read_histograms, reduced

        found, self._reduced = self._reduced, {}
        self.due = self.passes + self._options.log_freq
        run, model = self._run(), self._model()
        if run is None or run._finished or model is None:
            self.stop()
            return
        if self._options.parameters:
            for name, parameter in model.named_parameters():
                values = reduced(parameter.detach())
                if values is not None:
                    found[f"parameters/{self._prefix}{name}"] = values
        histograms = read_histograms(found)
        if histograms:
            run.log(histograms, commit=False)
        self.hook_parameters()


class _Hook:
    """Of one parameter. What it does in a pass that is not due costs every step."""

    __slots__ = ("_key", "_seen", "_watch")
    __torch_unserializable__ = True
    """A pickle of the parameter is told to leave it out, without a warning."""

    def __init__(self, watch: ModelWatch, key: str) -> None:
        self._watch = watch
        self._key = key
        self._seen = 0

    def __call__(self, gradient: Any) -> None:
        watch = self._watch
        if self._seen == watch.passes:  # not the first time in this pass: a new one
            watch.passes += 1
        self._seen = watch.passes
        if self._seen >= watch.due:
            try:
                watch.take(self._key, gradient)
            except Exception as problem:  # the boundary of a run: training goes on
                watch.fail(problem)


def require_module(model: Any) -> None:
    """Raises TypeError for what is no torch model; does not import torch for it."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        raise TypeError(
            f"Expected a pytorch model (torch.nn.Module). Received {type(model)}"
        )


class RunWatching:
    """`watch` and `unwatch` of `Run`."""

    if TYPE_CHECKING:
        _watches: Watches
        _at_finish: list[Any]
        _finished: bool

        @property
        def summary(self) -> Any: ...
        def _over(self) -> Exception: ...

    def watch(
        self,
        models: Any,
        criterion: Any = None,
        log: str | None = "gradients",
        log_freq: int = 1000,
        idx: int | None = None,
        log_graph: bool = False,
    ) -> None:
        """Log histograms of gradients and/or parameters every log_freq batches.

        They join the row of the next `log`. models: a torch model, or several.
        criterion: accepted, of no effect. idx: number of the first model, if others
        were watched by another process. log_graph: the layers, in the summary.

        Raises:
            ValueError: log or log_freq cannot be.
            TypeError: no torch model.
            UsageError: the run is finished.
        """
        if self._finished:
            raise self._over()
        options = WatchOptions.checked(log, log_freq)
        first = self._watches.count if idx is None else idx
        run: Any = self
        watched = self._watches.add(run, models, options, idx)
        if self._watches.remove not in self._at_finish:
            self._at_finish.append(self._watches.remove)
        if log_graph:
            from wandb.sdk.watch_graph import module_graph

            for number, model in enumerate(watched, first):
                self.summary[f"graph_{number}"] = module_graph(model)

    def unwatch(self, models: Any | Iterable[Any] = None) -> None:
        """Take the hooks of `watch` away from some models, or from all."""
        self._watches.remove(models)
