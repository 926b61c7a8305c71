"""Artifacts: versioned files of runs, and how they are used.

```
Artifact(name, type) ── add_file, add_dir, add_reference, add ──► draft
   │  files are copied to the staging folder, digests make the manifest
   ▼  run.log_artifact                       Record{artifact} into the run's log
 pending ── core uploads it from the log ──► committed: `wait()` returns
   │
   ▼  Api().artifact, run.use_artifact       asked of the server
 logged ── download ──► ./artifacts/<name>:v<N>, through the cache
```
"""
