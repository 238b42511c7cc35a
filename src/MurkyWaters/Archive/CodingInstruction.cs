namespace MurkyWaters.Archive;

/// <summary>What an instruction does with buffers, all of one size.</summary>
public enum CodingOperation
{
    /// <summary><c>LOAD buffer stream</c>: the next bytes of the stream.</summary>
    Load,

    /// <summary><c>COPY buffer source</c>.</summary>
    Copy,

    /// <summary><c>WRITE buffer stream</c>: the buffer's bytes go on the stream.</summary>
    Write,

    /// <summary><c>IADD buffer source</c>: buffer ^= source.</summary>
    InnerAdd,

    /// <summary><c>MULT buffer factor source</c>: buffer = factor * source in GF(2^8).</summary>
    Multiply,

    /// <summary><c>MULADD buffer factor source</c>: buffer ^= factor * source.</summary>
    MultiplyAdd,

    /// <summary><c>PUSH queue buffer</c>: the buffer's bytes go to the queue's end.</summary>
    Push,

    /// <summary><c>POP queue buffer</c>: the buffer becomes what stands at the queue's head.</summary>
    Pop,
}

/// <summary>One instruction. It says with which names in the order in which they are written.</summary>
/// <param name="Operation">What it does.</param>
/// <param name="First">The buffer that changes or is written; a queue for PUSH and POP.</param>
/// <param name="Second">The buffer or stream that it comes from or goes to.</param>
/// <param name="Factor">The field element of MULT and MULADD.</param>
public readonly record struct CodingInstruction(CodingOperation Operation, string First, string Second, byte Factor = 1)
{
    private static readonly string[] Words = ["LOAD", "COPY", "WRITE", "IADD", "MULT", "MULADD", "PUSH", "POP"];

    private bool HasFactor => Operation is CodingOperation.Multiply or CodingOperation.MultiplyAdd;

    /// <summary>Reads one: a word in capitals and its operands, one space between them. Names are checked for their form alone.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out CodingInstruction instruction)
    {
        instruction = default;
        Span<Range> ranges = stackalloc Range[5];
        var count = text.Split(ranges, ' ');
        var operation = count < 3 ? -1 : WordAt(text[ranges[0]]);
        var candidate = new CodingInstruction((CodingOperation)operation, "", "");
        byte factor = 1;
        if (operation < 0 || count != (candidate.HasFactor ? 4 : 3) || (candidate.HasFactor && !TryParseFactor(text[ranges[2]], out factor))
            || !CodingLimits.IsName(text[ranges[1]]) || !CodingLimits.IsName(text[ranges[count - 1]]))
        {
            return false;
        }

        instruction = new CodingInstruction(candidate.Operation, text[ranges[1]].ToString(), text[ranges[count - 1]].ToString(), factor);
        return true;
    }

    /// <summary>The instruction as it is written.</summary>
    public override string ToString() => HasFactor
        ? $"{Words[(int)Operation]} {First} {Factor} {Second}"
        : $"{Words[(int)Operation]} {First} {Second}";

    private static int WordAt(ReadOnlySpan<char> word)
    {
        for (var i = 0; i < Words.Length; i++)
        {
            if (word.SequenceEqual(Words[i]))
            {
                return i;
            }
        }

        return -1;
    }

    // Decimal digits alone, and one way to write each element.
    private static bool TryParseFactor(ReadOnlySpan<char> text, out byte factor)
    {
        factor = 0;
        if (text.Length is 0 or > 3 || (text.Length > 1 && text[0] == '0') || text.ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        return byte.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out factor);
    }
}
