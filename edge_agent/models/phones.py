"""The token set of the listener: 39 ARPAbet phones without stress, and the CTC blank."""

PHONES = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
).split()
BLANK = 0  # token 0; phone i of PHONES is token i + 1
TOKENS = ("<blank>", *PHONES)
TOKEN_OF_PHONE = {phone: index + 1 for index, phone in enumerate(PHONES)}
VOWELS = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())
