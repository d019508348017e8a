"""Adapters to other systems' files and formats: one system or format a file.

They turn what others wrote into commands, and never decide: whoever imports signs, and the ledger's rules judge.
"""


class ExchangeError(Exception):
    """A file, its map or what it was to become cannot be used at all; the sentences name the field and what must hold.

    What is wrong with one row of a file is no exception: the row goes into the error file, and the others on.
    """

    def __init__(self, sentence_zh: str, sentence_en: str) -> None:
        super().__init__(sentence_en)
        self.sentence_zh = sentence_zh
        self.sentence_en = sentence_en
