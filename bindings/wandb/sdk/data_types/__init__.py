"""Values with a type of their own: images, sound, tables, figures, charts.

```
wandb.Image(pixels)            checks and copies: the array may change later
   │ log(), summary
   ▼
logged.convert                 finds them in what was logged
   │ value.bind_to_run(run, key, step)    its file, below <run>/files/media/
   ▼ value.to_json(run)                   {"_type": "image-file", "path": …}
the ordinary way of log()
```

In an artifact the same value has the form of `value.to_json(artifact)`, and
`WBValue.from_json` reads it back. Formats: what the official clients write, so their
files can be read and ours are understood by them.
"""
