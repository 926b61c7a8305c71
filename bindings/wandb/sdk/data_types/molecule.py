"""`wandb.Molecule`: a molecule from a file, or through rdkit."""

import io
from pathlib import Path, PurePosixPath
from typing import Any

from wandb.sdk.data_types.base_types.media import (
    BatchableMedia,
    MediaObject,
    artifact_file,
    required,
)
from wandb.sdk.data_types.object_3d import read_file

FILE_TYPES = (
    "pdb", "pqr", "mmcif", "mcif", "cif", "sdf", "sd", "gro", "mol2", "mmtf",
)  # fmt: skip
RDKIT_FILE_TYPES = ("mol", "sdf")


class Molecule(BatchableMedia):
    """A molecule to log.

    data_or_path: path, address or open file. file_type: of an open file.

    Raises:
        ValueError: a file of another type.
        FileNotFoundError: no such file.
    """

    _log_type = "molecule-file"
    _kind = "molecule"
    SUPPORTED_TYPES = frozenset(FILE_TYPES)
    SUPPORTED_RDKIT_TYPES = frozenset(RDKIT_FILE_TYPES)

    def __init__(
        self, data_or_path: Any, caption: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(caption)
        if isinstance(data_or_path, str | Path):
            suffix = PurePosixPath(str(data_or_path)).suffix.lstrip(".").lower()
            self._set_source(data_or_path, _checked_type(suffix))
        elif isinstance(data_or_path, io.IOBase) or hasattr(data_or_path, "read"):
            file_type = kwargs.get("file_type")
            if file_type is None:
                raise ValueError(
                    "Must pass file_type keyword argument when using io objects."
                )
            self._extension = _checked_type(file_type)
            self._content = read_file(data_or_path)
        else:
            raise ValueError("Data must be file name or a file object")

    @classmethod
    def from_rdkit(
        cls,
        data_or_path: Any,
        caption: str | None = None,
        convert_to_3d_and_optimize: bool = True,
        mmff_optimize_molecule_max_iterations: int = 200,
    ) -> "Molecule":
        """From an rdkit molecule, or a .mol or .sdf file.

        Raises:
            wandb.Error: rdkit is not installed, or cannot place the atoms.
        """
        chemistry = required("rdkit.Chem", "wandb.Molecule.from_rdkit", "rdkit")
        molecule = data_or_path
        if isinstance(data_or_path, str | Path):
            path = Path(data_or_path)
            if path.suffix not in {f".{kind}" for kind in RDKIT_FILE_TYPES}:
                raise ValueError("Molecule.from_rdkit takes .mol and .sdf files")
            if path.suffix == ".sdf":
                molecule = next(iter(chemistry.SDMolSupplier(str(path))), None)
            else:
                molecule = chemistry.MolFromMolFile(str(path))
        if not isinstance(molecule, chemistry.rdchem.Mol):
            raise ValueError("Molecule.from_rdkit takes a molecule of rdkit or a path")
        if convert_to_3d_and_optimize:
            all_atoms = required("rdkit.Chem.AllChem", "placing atoms", "rdkit")
            molecule = chemistry.AddHs(molecule)
            all_atoms.EmbedMolecule(molecule)
            all_atoms.MMFFOptimizeMolecule(
                molecule, maxIters=mmff_optimize_molecule_max_iterations
            )
        text = chemistry.rdmolfiles.MolToPDBBlock(molecule)
        return cls(io.StringIO(text), caption=caption, file_type="pdb")

    @classmethod
    def from_smiles(
        cls,
        data: str,
        caption: str | None = None,
        sanitize: bool = True,
        convert_to_3d_and_optimize: bool = True,
        mmff_optimize_molecule_max_iterations: int = 200,
    ) -> "Molecule":
        """From a SMILES text.

        Raises:
            wandb.Error: rdkit is not installed.
            ValueError: rdkit cannot read the text.
        """
        chemistry = required("rdkit.Chem", "wandb.Molecule.from_smiles", "rdkit")
        molecule = chemistry.MolFromSmiles(data, sanitize=sanitize)
        if molecule is None:
            raise ValueError("Unable to parse the SMILES string.")
        return cls.from_rdkit(
            molecule,
            caption=caption,
            convert_to_3d_and_optimize=convert_to_3d_and_optimize,
            mmff_optimize_molecule_max_iterations=mmff_optimize_molecule_max_iterations,
        )

    @classmethod
    def seq_to_json(cls, objects: list[MediaObject]) -> MediaObject:
        """One object of type `molecule`."""
        has_captions = "caption" in objects[0]
        captions = [item.get("caption") for item in objects]
        return {
            "_type": "molecule",
            "filenames": [item["path"] for item in objects],
            "count": len(objects),
            "captions": captions if has_captions else False,
        }

    @classmethod
    def from_json(cls, json_obj: MediaObject, source_artifact: Any) -> "Molecule":
        """The molecule of an artifact."""
        path = json_obj["path"]
        is_address = cls.path_is_reference(path)
        source = path if is_address else artifact_file(source_artifact, path)
        return cls(source, caption=json_obj.get("caption"))


def _checked_type(file_type: str) -> str:
    if file_type not in FILE_TYPES:
        raise ValueError(
            f"Molecule only supports files of the type: {', '.join(FILE_TYPES)}"
        )
    return file_type
