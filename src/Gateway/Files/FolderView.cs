using System.Text.Json.Serialization;
using MurkyWaters;
using PouringRain.Protocol.Naming;

namespace Gateway.Files;

/// <summary>A page of a folder.</summary>
/// <param name="Path">The folder's path; empty for the uppermost, else with a slash at the end.</param>
/// <param name="Items">Files and folders in the order of the bytes of their names.</param>
/// <param name="Next">What to give as <c>after</c> for the next page; null at the end.</param>
/// <param name="Complete">Whether all nodes have told what they have.</param>
/// <param name="Silent">The ids of those that have not, as in GET /nodes.</param>
/// <example>
/// {
/// "path": "images/", "items": [
/// { "name": "old", "path": "images/old/", "kind": "folder" },
/// { "name": "disk.iso", "path": "images/disk.iso", "kind": "file", "id": "4242424242", "length": 50000000,
/// "modified": "2026-11-21T06:10:07.642+00:00", "contentType": "application/x-iso9660-image",
/// "etag": "\"d8a624a3ffa3d942f2bf0e9ac8d2bb1b7e9d2a4f3c1e5a6b7c8d9e0f1a2b3c4d\"" }],
/// "next": null, "complete": true, "silent": []
/// }
/// </example>
internal sealed record FolderView(
    string Path, IReadOnlyList<FolderItem> Items, string? Next, bool Complete, IReadOnlyList<string> Silent)
{
    public static FolderView Of(FolderPage page) => new(
        page.Folder, [.. page.Items.Select(entry => FolderItem.Of(page.Folder, entry))], page.Next, page.Silent.Count == 0,
        [.. page.Silent.Select(node => node.ToString())]);
}

/// <summary>A file or a folder in a folder.</summary>
/// <param name="Name">The last part of its path.</param>
/// <param name="Path">Its path behind /files/; that of a folder ends with a slash.</param>
/// <param name="Kind">file or folder.</param>
/// <param name="Id">The resource that the file is.</param>
/// <param name="Length">Bytes of the file.</param>
/// <param name="Modified">When its version was made.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Etag">Of its version, for If-Match and If-None-Match; missing where only nodes of an older release have it.</param>
/// <example>
/// {
/// "name": "disk.iso", "path": "images/disk.iso", "kind": "file", "id": "4242424242", "length": 50000000,
/// "modified": "2026-11-21T06:10:07.642+00:00", "contentType": "application/x-iso9660-image",
/// "etag": "\"d8a624a3ffa3d942f2bf0e9ac8d2bb1b7e9d2a4f3c1e5a6b7c8d9e0f1a2b3c4d\""
/// }
/// </example>
internal sealed record FolderItem(
    string Name,
    string Path,
    string Kind,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Id = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Length = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? Modified = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ContentType = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Etag = null)
{
    public static FolderItem Of(string folder, FolderEntry entry)
    {
        var path = folder + entry.Key;
        return entry.IsFolder
            ? new FolderItem(entry.Name, path, "folder")
            : new FolderItem(
                entry.Name, path, "file", ResourcePath.IdOf(path).ToString(), entry.Length,
                DateTimeOffset.FromUnixTimeMilliseconds(entry.Stamp),
                entry.ContentType.Length > 0 ? entry.ContentType : "application/octet-stream",
                entry.Version is { } version ? $"\"{version}\"" : null);
    }
}
