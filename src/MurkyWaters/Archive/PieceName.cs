using System.Globalization;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>What programs call the cells of a piece: <c>piece.RESOURCE.VERSION.CODING.INDEX</c>, the resource and the first 8 bytes of
/// its version in 16 hexadecimal digits each. A node has it where it keeps that piece.</summary>
/// <param name="Resource">The resource.</param>
/// <param name="VersionTag">The first 8 bytes of its version.</param>
/// <param name="Code">The coding.</param>
/// <param name="Index">Which piece.</param>
internal readonly record struct PieceName(ResourceId Resource, ulong VersionTag, ErasureCode Code, int Index)
{
    private const string Prefix = "piece";

    /// <summary>The resource that the piece is.</summary>
    public ResourceId Id => PieceShape.IdOf(Resource, VersionTag, Code.Name, Index);

    /// <summary>The name of a piece of a shape.</summary>
    public static PieceName Of(PieceShape shape, int index) => new(shape.Id, shape.Parent.Version.Tag, shape.Code, index);

    /// <summary>Reads one; false for any other name.</summary>
    public static bool TryParse(string text, out PieceName name)
    {
        name = default;
        var parts = text.Split('.', 6);
        if (parts is not [Prefix, { Length: 16 } resource, { Length: 16 } version, var coding, { Length: 1 or 2 } index]
            || !ulong.TryParse(resource, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id)
            || !ulong.TryParse(version, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var tag)
            || !ErasureCodes.TryGet(coding, out var code)
            || !int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number >= code.PieceCount)
        {
            return false;
        }

        name = new PieceName(new ResourceId(id), tag, code, number);
        return true;
    }

    /// <summary>As programs have it.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}.{Resource.Value:x16}.{VersionTag:x16}.{Code.Name}.{Index}");
}
