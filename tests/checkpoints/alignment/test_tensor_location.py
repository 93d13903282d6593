from __future__ import annotations

import pytest

from mergelab.checkpoints import address

PLACES = """
bert.encoder.layer.11.attention.self.query.weight                      11          attention.query
encoder.layer.0.attention.output.dense.bias                            0           attention.output
encoder.layer.0.attention.output.LayerNorm.gamma                       0           attention.norm
encoder.layer.0.intermediate.dense.weight                              0           mlp.up
encoder.layer.0.output.dense.weight                                    0           mlp.down
encoder.layer.0.output.LayerNorm.bias                                  0           mlp.norm
bert.embeddings.LayerNorm.bias                                         embeddings  norm
embeddings.word_embeddings.weight                                      embeddings  word
bert.pooler.dense.weight                                               other       pooler.dense
classifier.weight                                                      head        classifier
cls.predictions.bias                                                   head        cls.predictions
vit.embeddings.cls_token                                               embeddings  class
vit.embeddings.position_embeddings                                     embeddings  position
vit.embeddings.patch_embeddings.projection.weight                      embeddings  patch
vit.encoder.layer.3.attention.attention.key.bias                       3           attention.key
vit.encoder.layer.3.layernorm_before.bias                              3           attention.norm
vit.layernorm.bias                                                     other       layernorm
transformer.h.7.attn.c_attn.bias                                       7           attention.qkv
transformer.h.7.attn.c_proj.bias                                       7           attention.output
transformer.h.7.mlp.c_fc.weight                                        7           mlp.up
transformer.h.7.mlp.c_proj.weight                                      7           mlp.down
h.7.ln_2.weight                                                        7           mlp.norm
transformer.wte.weight                                                 embeddings  word
transformer.ln_f.bias                                                  other       ln_f
model.embed_tokens.weight                                              embeddings  word
model.layers.31.self_attn.q_proj.weight                                31          attention.query
model.layers.31.self_attn.k_norm.weight                                31          attention.key_norm
model.layers.31.mlp.gate_proj.weight                                   31          mlp.gate
model.layers.31.post_attention_layernorm.weight                        31          mlp.norm
model.layers.3.block_sparse_moe.experts.2.w1.weight                    3           block_sparse_moe.experts.2.w1
model.norm.weight                                                      other       norm
lm_head.weight                                                         head        lm_head
encoder.block.0.layer.0.SelfAttention.q.weight                         0           attention.query
encoder.block.0.layer.1.DenseReluDense.wi_0.weight                     0           mlp.gate
encoder.block.0.layer.1.layer_norm.weight                              0           mlp.norm
decoder.block.0.layer.1.EncDecAttention.o.weight                       0           decoder.cross.output
decoder.block.0.layer.1.layer_norm.weight                              0           decoder.cross.norm
decoder.block.0.layer.2.layer_norm.weight                              0           decoder.mlp.norm
encoder.final_layer_norm.weight                                        other       encoder.final_layer_norm
shared.weight                                                          embeddings  word
distilbert.transformer.layer.0.ffn.lin1.weight                         0           mlp.up
distilbert.transformer.layer.0.attention.q_lin.weight                  0           attention.query
model.decoder.layers.0.encoder_attn.k_proj.weight                      0           decoder.cross.key
gpt_neox.layers.0.attention.query_key_value.weight                     0           attention.qkv
fc1.weight                                                             other       fc1
fc.weight                                                              head        fc
weight                                                                 other       weight
0.weight                                                               other       0
"""


@pytest.mark.parametrize(("key", "layer", "module"), [line.split() for line in PLACES.strip().splitlines()])
def test_a_key_has_its_layer_and_module(key: str, layer: str, module: str) -> None:
    assert address(key) == (layer, module)
