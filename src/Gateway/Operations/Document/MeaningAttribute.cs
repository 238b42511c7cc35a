using System.ComponentModel;

namespace Gateway.Operations.Document;

/// <summary>What a parameter means, with an example, which no attribute of the framework has.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
internal class MeaningAttribute : DescriptionAttribute
{
    /// <summary>What ids look like.</summary>
    public const string IdPattern = "^([0-9]+|0[xX][0-9a-fA-F]+)$";

    /// <summary>What an entity tag may look like.</summary>
    public const string EntityTag = "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"";

    /// <summary>What a date may look like.</summary>
    public const string Date = "Sat, 21 Nov 2026 06:10:07 GMT";

    /// <summary>What a digest field may look like.</summary>
    public const string Digest = "sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:";

    public MeaningAttribute(string meaning, object example)
        : base(meaning) => Example = example;

    public object Example { get; }

    /// <summary>A regular expression of what is taken.</summary>
    public string? Pattern { get; init; }
}
