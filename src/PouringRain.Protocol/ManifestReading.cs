namespace PouringRain.Protocol;

/// <summary>What came of reading a manifest. What is not understood may be right, to a
/// later program: whoever sent it did not lie.</summary>
public enum ManifestReading
{
    /// <summary>It was read.</summary>
    Read,

    /// <summary>No manifest: it breaks a rule of its format.</summary>
    Malformed,

    /// <summary>A manifest of a format that is not known here.</summary>
    UnknownFormat,

    /// <summary>It has a flag that is not known here.</summary>
    UnknownFlag,

    /// <summary>Its block digests are made with an algorithm that is not known here.</summary>
    UnknownDigest,

    /// <summary>It has a field that is not known here, and that must not be ignored.</summary>
    UnknownField,
}
