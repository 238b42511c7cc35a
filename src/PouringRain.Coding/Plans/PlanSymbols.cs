namespace PouringRain.Coding.Plans;

/// <summary>
/// The symbols that a plan is run over. Symbols are numbered: those below <see cref="ExtraBase"/> stand in <see cref="Main"/>, those from
/// it on in <see cref="Extra"/>, T bytes apart in both.
/// </summary>
internal readonly ref struct PlanSymbols
{
    /// <summary>T in bytes.</summary>
    public required int SymbolSize { get; init; }

    /// <summary>The first symbols.</summary>
    public required ReadOnlySpan<byte> Main { get; init; }

    /// <summary>The number of the first symbol of <see cref="Extra"/>.</summary>
    public int ExtraBase { get; init; }

    /// <summary>More symbols.</summary>
    public ReadOnlySpan<byte> Extra { get; init; }

    /// <summary>For every input of the plan the number of its symbol, or -1 for a symbol of zeros.</summary>
    public required ReadOnlySpan<int> Inputs { get; init; }

    /// <summary>Where outputs go, numbered from 0 and T bytes apart; may be the same memory as <see cref="Main"/>.</summary>
    public Span<byte> Outputs { get; init; }

    /// <summary>Checks that every input lies inside the symbols given.</summary>
    public void Validate()
    {
        var main = Math.Min(Main.Length / SymbolSize, ExtraBase);
        var extra = Extra.Length / SymbolSize;
        foreach (var input in Inputs)
        {
            if (input >= 0 && (uint)input >= (uint)main && (uint)(input - ExtraBase) >= (uint)extra)
            {
                throw new ArgumentException($"Input symbol {input} is neither among the first {main} nor the {extra} from {ExtraBase} on.");
            }
        }
    }
}
