"""Sources, splits, preprocessing, augmentation and loaders."""

from headway.data.alignment import align_source
from headway.data.array_loader import ArrayEvaluation, ArrayLoader
from headway.data.augmentation import (
    Augmentation,
    Augmented,
    AutoAugment,
    ColorJitter,
    Geometry,
    Policy,
    RandAugment,
    TrivialAugment,
)
from headway.data.batch import Batch, EvaluationData, Shard, TrainingData
from headway.data.file_loader import FileEvaluation, FileLoader
from headway.data.fitting import fit_color_directions, fit_preprocessing
from headway.data.info import DataInfo, InputKind, TaskKind
from headway.data.inputs import read_inputs
from headway.data.mixing import Mixing
from headway.data.order import epoch_order
from headway.data.prepare import DataSplits, prepare_data
from headway.data.preprocessing import Preprocessing, PreprocessingKind, build_preprocessing
from headway.data.random import uniform
from headway.data.sources import Source, SourceOptions, list_sources, read_source
from headway.data.sources.text import read_text_file
from headway.data.splits import ArraySplit, FileSplit, Split
from headway.data.text import code_points, encode_characters
from headway.data.text_loader import TextLoader
from headway.data.text_split import TextSplit
from headway.data.user_loader import LoaderData, LoaderEvaluation
from headway.data.views import (
    CropViews,
    DenseViews,
    FlipViews,
    ShiftViews,
    Views,
    build_views,
    predict_views,
)

__all__ = [
    "ArrayEvaluation",
    "ArrayLoader",
    "ArraySplit",
    "Augmentation",
    "Augmented",
    "AutoAugment",
    "Batch",
    "ColorJitter",
    "CropViews",
    "DataInfo",
    "DataSplits",
    "DenseViews",
    "EvaluationData",
    "FileEvaluation",
    "FileLoader",
    "FileSplit",
    "FlipViews",
    "Geometry",
    "InputKind",
    "LoaderData",
    "LoaderEvaluation",
    "Mixing",
    "Policy",
    "Preprocessing",
    "PreprocessingKind",
    "RandAugment",
    "Shard",
    "ShiftViews",
    "Source",
    "SourceOptions",
    "Split",
    "TaskKind",
    "TextLoader",
    "TextSplit",
    "TrainingData",
    "TrivialAugment",
    "Views",
    "align_source",
    "build_preprocessing",
    "build_views",
    "code_points",
    "encode_characters",
    "epoch_order",
    "fit_color_directions",
    "fit_preprocessing",
    "list_sources",
    "predict_views",
    "prepare_data",
    "read_inputs",
    "read_source",
    "read_text_file",
    "uniform",
]
