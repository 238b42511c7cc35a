using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>What a version says of its bytes, and who decides about it: the sender where it
/// said something, else the version before.</summary>
internal sealed record Description(string ContentType, string? FileName, bool IsAttachment, string Code, string? Path)
{
    /// <summary>The media type of what nobody said anything of.</summary>
    private const string UnknownType = "application/octet-stream";

    public static Description Of(Manifest manifest) =>
        new(manifest.ContentType, manifest.FileName, manifest.IsAttachment, manifest.Code, manifest.Path);

    /// <summary>That of bytes which are here already.</summary>
    public static Description OfSame(Description current, UploadOptions said)
    {
        var code = said.Code ?? current.Code;
        var path = said.Path ?? current.Path;
        if (!said.KeepsDescription)
        {
            return new(
                said.ContentType ?? current.ContentType, said.FileName ?? current.FileName, said.IsAttachment ?? current.IsAttachment,
                code, path);
        }

        // A media type that says nothing is as good as none.
        var contentType = current.ContentType == UnknownType ? said.ContentType ?? UnknownType : current.ContentType;
        return current.FileName is null && !current.IsAttachment
            ? new(contentType, said.FileName, said.IsAttachment ?? false, code, path)
            : current with { ContentType = contentType, Code = code, Path = path };
    }

    /// <summary>That of bytes which are new here. Under a new media type they are something else, with a name of its own.</summary>
    public static Description OfOther(Description? current, UploadOptions said, string defaultCode)
    {
        var like = said.ContentType is null ? current : null;
        return new(
            said.ContentType ?? current?.ContentType ?? UnknownType,
            said.FileName ?? like?.FileName,
            said.IsAttachment ?? like?.IsAttachment ?? false,
            said.Code ?? defaultCode,
            said.Path ?? current?.Path);
    }
}
