namespace PouringRain.Protocol;

/// <summary>What a manifest says with single bits. Bits without a name are refused.</summary>
[Flags]
public enum ManifestFlags
{
    /// <summary>A version like any other.</summary>
    None = 0,

    /// <summary>A tombstone; goes with no other flag.</summary>
    Deleted = 1,

    /// <summary>The version before was made in the same second (RFC 9110 §8.8.2.2: such a date is no strong validator).</summary>
    DateWeak = 2,

    /// <summary>The disposition type of the upload was <c>attachment</c> (RFC 6266 §4.2).</summary>
    Attachment = 4,
}
