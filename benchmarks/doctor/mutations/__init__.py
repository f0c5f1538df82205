"""Mutation operators: each puts one fault of known cause into a healthy program."""

from collections.abc import Callable
from dataclasses import dataclass

from mutations import of_data, of_loss, of_model, of_training
from mutations.edit import Make, NotApplicableError

__all__ = ["MUTATIONS", "Mutation", "NotApplicableError"]


@dataclass(frozen=True)
class Mutation:
    """One fault.

    Attributes:
        apply: Takes the `make` of a family and returns the faulty one; its call, or the call
            of what it returns, raises NotApplicableError where there is nothing to change.
        causes: What counts as its root cause, most apt first.
        is_certain: Whether it is a programming error whatever it costs. Any other mutation
            counts only where training shows that it hurts.
    """

    apply: Callable[[Make], Make]
    causes: tuple[str, ...]
    is_certain: bool = False


_SCALE = ("input_scale",)
_LABELS = ("bad_data", "label_encoding")
_HEAD = ("loss_mismatch", "output_activation")
_WIRING = ("gradient_wiring",)
_FROZEN = ("frozen_parameters",)
_NORM = ("normalization", "train_eval_mode")

MUTATIONS = {
    "inputs_x255": Mutation(of_data.scale(255.0), _SCALE),
    "inputs_x10000": Mutation(of_data.scale(1e4), _SCALE),
    "inputs_tiny": Mutation(of_data.scale(1e-4), _SCALE),
    "inputs_offset": Mutation(of_data.scale(1.0, 100.0), _SCALE),
    "one_column_huge": Mutation(of_data.one_column_huge, _SCALE),
    "nan_in_one_sample": Mutation(of_data.nan_in_one_sample, ("bad_data",), True),
    "inf_in_inputs": Mutation(of_data.inf_in_inputs, ("bad_data",), True),
    "nan_in_targets": Mutation(
        of_data.nan_in_targets, ("bad_data", "label_encoding"), True
    ),
    "inputs_all_zero": Mutation(of_data.inputs_all_zero, ("bad_data", "input_scale"), True),
    "targets_shuffled": Mutation(of_data.targets_shuffled, _LABELS),
    "most_labels_random": Mutation(of_data.most_labels_random, _LABELS),
    "labels_from_one": Mutation(of_data.labels_from_one, ("label_encoding",), True),
    "labels_signed": Mutation(
        of_data.labels_signed, ("label_encoding", "loss_mismatch"), True
    ),
    "labels_to_255": Mutation(
        of_data.labels_to_255, ("label_encoding", "loss_mismatch"), True
    ),
    "rare_classes": Mutation(of_data.rare_classes, ("class_imbalance",)),
    "rare_yes": Mutation(of_data.rare_yes, ("class_imbalance",)),
    "two_dozen_samples": Mutation(of_data.two_dozen_samples, ("overfitting",)),
    "sorted_by_label": Mutation(of_data.sorted_by_label, ("shuffle",)),
    "same_batch": Mutation(of_data.same_batch, ("shuffle", "overfitting", "bad_data")),
    "softmax_head": Mutation(of_loss.softmax_head, _HEAD),
    "softmax_before_nll": Mutation(of_loss.softmax_twice_nll, _HEAD),
    "sigmoid_before_ce": Mutation(of_loss.sigmoid_before_ce, _HEAD),
    "sigmoid_twice": Mutation(of_loss.sigmoid_twice, _HEAD),
    "softmax_and_mse": Mutation(of_loss.softmax_and_mse, ("loss_mismatch",)),
    "mse_one_hot": Mutation(of_loss.mse_one_hot, ("loss_mismatch",)),
    "l1_one_hot": Mutation(of_loss.l1_one_hot, ("loss_mismatch",)),
    "mse_to_ids": Mutation(of_loss.mse_to_ids, ("loss_mismatch", "shape_broadcast")),
    "nll_of_logits": Mutation(of_loss.nll_of_logits, _HEAD),
    "nll_of_softmax": Mutation(of_loss.nll_of_softmax, _HEAD),
    "softmax_of_batch": Mutation(of_loss.softmax_of_batch, _HEAD),
    "bce_of_logits": Mutation(of_loss.bce_of_logits, _HEAD, True),
    "softmax_of_one": Mutation(
        of_loss.softmax_of_one, ("output_activation", "loss_mismatch"), True
    ),
    "negative_loss": Mutation(of_loss.negative_loss, ("loss_mismatch", "optimizer"), True),
    "loss_of_sum": Mutation(of_loss.loss_of_sum, ("loss_mismatch", "lr_high")),
    "relu_head": Mutation(of_loss.relu_head, ("output_activation",)),
    "tanh_head": Mutation(of_loss.tanh_head, ("output_activation",)),
    "sigmoid_head": Mutation(of_loss.sigmoid_head, ("output_activation",)),
    "dropout_head": Mutation(of_loss.dropout_head, ("regularization",)),
    "smoothing_098": Mutation(of_loss.smoothing_098, ("regularization", "loss_mismatch")),
    "broadcast": Mutation(of_loss.broadcast, ("shape_broadcast",), True),
    "relative_error": Mutation(of_loss.relative_error, ("numerics", "loss_mismatch")),
    "root_at_zero": Mutation(of_loss.root_at_zero, ("numerics", "loss_mismatch")),
    "own_softmax": Mutation(of_loss.own_softmax, ("numerics", "loss_mismatch")),
    "log_of_zero": Mutation(of_loss.log_of_zero, ("numerics", "loss_mismatch")),
    "metric_as_int": Mutation(of_loss.metric_as_int, ("metric",), True),
    "metric_of_scores": Mutation(of_loss.metric_of_scores, ("metric",), True),
    "metric_wrong_axis": Mutation(of_loss.metric_wrong_axis, ("metric",), True),
    "zeros": Mutation(of_model.zeros, ("init",)),
    "constant": Mutation(of_model.constant, ("init",)),
    "tiny_weights": Mutation(of_model.tiny_weights, ("init", "vanishing_gradient")),
    "small_weights": Mutation(of_model.small_weights, ("init", "vanishing_gradient")),
    "huge_weights": Mutation(of_model.huge_weights, ("init", "exploding_gradient")),
    "normal_weights": Mutation(of_model.normal_weights, ("init", "exploding_gradient")),
    "dead_biases": Mutation(of_model.dead_biases, ("init", "dead_units")),
    "no_activation": Mutation(of_model.no_activation, ("hidden_activation",)),
    "sigmoid": Mutation(of_model.sigmoid, ("hidden_activation", "vanishing_gradient")),
    "deep_sigmoid": Mutation(
        of_model.deep_sigmoid, ("hidden_activation", "vanishing_gradient")
    ),
    "softmax_inside": Mutation(
        of_model.softmax_inside, ("hidden_activation", "normalization")
    ),
    "step_activation": Mutation(
        of_model.step_activation, ("gradient_wiring", "hidden_activation"), True
    ),
    "narrow_1": Mutation(of_model.narrow_1, ("capacity",)),
    "narrow_2": Mutation(of_model.narrow_2, ("capacity",)),
    "code_1": Mutation(of_model.code_1, ("capacity",)),
    "detached": Mutation(of_model.cut("detach"), _WIRING, True),
    "through_data": Mutation(of_model.cut("data"), _WIRING, True),
    "through_numpy": Mutation(of_model.cut("numpy"), _WIRING, True),
    "in_no_grad": Mutation(of_model.cut("no_grad"), _WIRING, True),
    "new_tensor": Mutation(of_model.new_tensor, _WIRING, True),
    "detached_output": Mutation(of_model.detached_output, _WIRING, True),
    "hidden_frozen": Mutation(of_model.hidden_frozen, _FROZEN),
    "all_frozen": Mutation(of_model.all_frozen, ("frozen_parameters", *_WIRING), True),
    "only_last_in_optimizer": Mutation(of_model.only_last_in_optimizer, _FROZEN, True),
    "first_not_in_optimizer": Mutation(of_model.first_not_in_optimizer, _FROZEN, True),
    "optimizer_of_a_copy": Mutation(of_model.optimizer_of_a_copy, _FROZEN, True),
    "head_replaced_later": Mutation(of_model.head_replaced_later, _FROZEN, True),
    "layers_in_list": Mutation(of_model.layers_in_list, _FROZEN, True),
    "eval_mode": Mutation(of_model.eval_mode, ("train_eval_mode", "normalization")),
    "eval_in_step": Mutation(of_model.eval_in_step, ("train_eval_mode", "normalization")),
    "norm_momentum_0": Mutation(of_model.norm_momentum_0, _NORM),
    "norm_momentum_small": Mutation(of_model.norm_momentum_small, _NORM),
    "norm_frozen": Mutation(of_model.norm_frozen, _NORM),
    "dropout_95": Mutation(of_model.dropout_95, ("regularization",)),
    "half_precision": Mutation(of_model.half_precision, ("numerics",)),
    "lr_x10000": Mutation(of_training.lr_times(1e4), ("lr_high",)),
    "lr_x1000": Mutation(of_training.lr_times(1e3), ("lr_high",)),
    "lr_x100": Mutation(of_training.lr_times(100.0), ("lr_high",)),
    "lr_x30": Mutation(of_training.lr_times(30.0), ("lr_high",)),
    "lr_/100": Mutation(of_training.lr_times(1e-2), ("lr_low", "epochs_few")),
    "lr_/1000": Mutation(of_training.lr_times(1e-3), ("lr_low",)),
    "lr_/100000": Mutation(of_training.lr_times(1e-5), ("lr_low",)),
    "no_zero_grad": Mutation(of_training.no_zero_grad, ("zero_grad_missing",), True),
    "zero_before_step": Mutation(
        of_training.zero_before_step, ("gradient_wiring", "zero_grad_missing"), True
    ),
    "step_before_backward": Mutation(
        of_training.step_before_backward, ("gradient_wiring", "zero_grad_missing"), True
    ),
    "no_step": Mutation(
        of_training.no_step, ("gradient_wiring", "optimizer", "frozen_parameters"), True
    ),
    "l1_penalty": Mutation(of_training.l1_penalty, ("regularization",)),
    "maximize": Mutation(of_training.maximize, ("optimizer", "loss_mismatch"), True),
    "plain_sgd": Mutation(of_training.plain_sgd, ("optimizer", "lr_low")),
    "momentum_0999": Mutation(of_training.momentum_0999, ("optimizer", "lr_high")),
    "adam_eps_10": Mutation(of_training.adam_eps_10, ("optimizer", "lr_low")),
    "adam_betas_swapped": Mutation(of_training.adam_betas_swapped, ("optimizer",)),
    "schedule_to_nothing": Mutation(
        of_training.schedule_to_nothing, ("lr_low", "optimizer")
    ),
    "weight_decay_3": Mutation(of_training.weight_decay_3, ("regularization",)),
    "batch_of_one": Mutation(
        of_training.batch_of_one, ("batch_size", "lr_high", "normalization")
    ),
    "batch_of_two": Mutation(of_training.batch_of_two, ("normalization", "batch_size")),
    "whole_set_as_batch": Mutation(
        of_training.whole_set_as_batch, ("batch_size", "epochs_few", "lr_low")
    ),
    "one_epoch": Mutation(of_training.one_epoch, ("epochs_few", "lr_low")),
}
