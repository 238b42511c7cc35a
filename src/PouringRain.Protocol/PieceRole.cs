namespace PouringRain.Protocol;

/// <summary>What a resource is a piece of: cell <paramref name="Index"/> of every block of another resource's version, in a coding that
/// makes <paramref name="Count"/> of them.</summary>
/// <param name="Parent">The other resource.</param>
/// <param name="ParentVersion">Its version.</param>
/// <param name="Coding">The coding's name: 1 to <see cref="Manifest.CodeBytesMax"/> visible ASCII characters.</param>
/// <param name="Index">Which piece, 0 to <paramref name="Count"/> - 1.</param>
/// <param name="Count">How many pieces there are, 1 to 65,535.</param>
public sealed record PieceRole(ResourceId Parent, Sha256Digest ParentVersion, string Coding, int Index, int Count)
{
    /// <summary>The most pieces of a resource.</summary>
    public const int CountMax = ushort.MaxValue;

    /// <summary>Bytes of an encoded role beside the coding's name.</summary>
    internal const int FixedBytes = 8 + Sha256Digest.SizeBytes + 2 + 2;

    internal bool IsPossible => Count is > 0 and <= CountMax && Index >= 0 && Index < Count && Manifest.IsCode(Coding);
}
