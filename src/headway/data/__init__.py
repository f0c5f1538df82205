"""Sources, splits, preprocessing, augmentation and loaders."""

from headway.data.alignment import align_source
from headway.data.array_loader import ArrayEvaluation, ArrayLoader
from headway.data.augmentation import Augmentation
from headway.data.batch import Batch, EvaluationData, Shard, TrainingData
from headway.data.file_loader import FileEvaluation, FileLoader
from headway.data.fitting import fit_preprocessing
from headway.data.info import DataInfo, InputKind, TaskKind
from headway.data.inputs import read_inputs
from headway.data.order import epoch_order
from headway.data.prepare import DataSplits, prepare_data
from headway.data.preprocessing import Preprocessing, PreprocessingKind, build_preprocessing
from headway.data.random import uniform
from headway.data.sources import Source, SourceOptions, list_sources, read_source
from headway.data.splits import ArraySplit, FileSplit, Split
from headway.data.user_loader import LoaderData, LoaderEvaluation

__all__ = [
    "ArrayEvaluation",
    "ArrayLoader",
    "ArraySplit",
    "Augmentation",
    "Batch",
    "DataInfo",
    "DataSplits",
    "EvaluationData",
    "FileEvaluation",
    "FileLoader",
    "FileSplit",
    "InputKind",
    "LoaderData",
    "LoaderEvaluation",
    "Preprocessing",
    "PreprocessingKind",
    "Shard",
    "Source",
    "SourceOptions",
    "Split",
    "TaskKind",
    "TrainingData",
    "align_source",
    "build_preprocessing",
    "epoch_order",
    "fit_preprocessing",
    "list_sources",
    "prepare_data",
    "read_inputs",
    "read_source",
    "uniform",
]
