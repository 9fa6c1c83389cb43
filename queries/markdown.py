"""Markdown as its readers see it: the words without the marks, so that a link is no part of a speaker's name."""

import re

_DROPPED = re.compile(
    r"\A---\n.{0,20000}?\n---\n"  # front matter
    r"|^[ ]{0,3}(?:`{3,}|~{3,})[^\n]*\n?"  # fences; what stands between them stays
    r"|^[ ]{0,3}\[[^\]\n]{1,200}\]:[^\n]*\n?"  # the addresses of links, and footnotes' texts
    r"|^[ ]{0,3}(?:=+|-{3,}|\*{3,})[ ]*$"  # underlines of headings, rules
    r"|\[\^[^\]\n]{1,100}\]"  # references to footnotes
    r"|</?[A-Za-z][^<>\n]{0,300}>",  # HTML inside
    re.M | re.S,
)
_AUTOLINK = re.compile(r"<(https?://[^<>\s]{1,2000})>")
_LINE_MARK = re.compile(r"^(?:[ ]{0,3}>[ ]?)+|^(?!\A)[ ]{0,3}#{1,6}[ ]+|^[ ]*[-*+][ ]+", re.M)
_TARGET = r"\((?:[^()\s]|\([^()\s]{0,500}\)){0,2000}(?:\s+\"[^\"\n]{0,300}\")?\)"
_IMAGE = re.compile(rf"!\[[^\]\n]{{0,500}}\]{_TARGET}")
_LINK = re.compile(rf"(?<![\\!])\[([^\[\]]{{1,500}})\](?:{_TARGET}|\[[^\]\n]{{0,200}}\])")
_EMPHASIS = re.compile(r"(?<!\\)(\*{1,3}|~~)(?=[^\s*~])((?:(?!\n\s*\n).){1,1000}?)(?<=[^\s\\])\1", re.S)
_UNDERSCORES = re.compile(r"(?<![\w\\])(_{1,3})(?=[^\s_])((?:(?!\n\s*\n).){1,1000}?)(?<=[^\s\\])\1(?!\w)", re.S)
_CODE = re.compile(r"(?<!\\)(`{1,2})([^`\n]{1,500})\1")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!>~|\"'])")


def plain(text: str) -> str:
    """The words of a Markdown text; brackets that are no link stay, since editors put words in brackets.

    A heading on the first line keeps its mark, by which the reader of plain texts knows the title.

    >>> plain('We were **amazed**, [Jane Roe](https://x.example/a_(b)) said of [the] 5\\\\* test.')
    'We were amazed, Jane Roe said of [the] 5* test.'
    """
    text = _AUTOLINK.sub(r"\1", text.replace("\r\n", "\n"))
    text = _LINK.sub(r"\1", _IMAGE.sub("", _DROPPED.sub("", text)))
    text = _LINE_MARK.sub("", text)
    text = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text))
    return _ESCAPE.sub(r"\1", _CODE.sub(r"\2", _UNDERSCORES.sub(r"\2", text)))
