"""Sweeps: what is tried next, by which agent, and when enough is enough.

```
sweep_config ─ parameters ─ distributions    a config, read and checked
grid │ random_search │ bayes                 the next combination
hyperband                                    which runs go on
handing                                      one transaction: what an agent is told
sweeps                                       `Sweeps`: what may be asked and changed
```
"""
