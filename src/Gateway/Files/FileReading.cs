using Gateway.Configuration;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Resources;
using Microsoft.AspNetCore.Http.HttpResults;
using MurkyWaters;
using PouringRain.Protocol;
using PouringRain.Protocol.Naming;

namespace Gateway.Files;

/// <summary>GET, HEAD and DELETE by name: those of the resource that has the name's id, which must have the name as well. What ends with a
/// slash is a folder.</summary>
internal static class FileReading
{
    /// <summary>Downloads a file, or lists a folder</summary>
    /// <remarks>
    /// As GET of the resource whose id is the first 64 bits of the SHA-256 of the name. With a slash at the end it is a folder: JSON when
    /// Accept names application/json, else an HTML index with all that is in it.
    /// </remarks>
    /// <response code="200">The whole file, with the media type it was given; or what is in the folder.</response>
    /// <response code="206">The range asked for, or multipart/byteranges when there are several.</response>
    /// <response code="304">It is at the version that If-None-Match names; no body.</response>
    public static Task GetAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time,
        [Meaning("The name, as images/disk.iso; with a slash at the end a folder.", "images/disk.iso")] string path = "") =>
        HandleAsync(http, host, settings, time);

    /// <summary>Downloads a file, or lists a folder: the header fields alone</summary>
    /// <remarks>As GET does.</remarks>
    /// <response code="200">The whole file, with the media type it was given; or what is in the folder.</response>
    /// <response code="304">It is at the version that If-None-Match names; no body.</response>
    public static Task HeadAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time,
        [Meaning("The name, as images/disk.iso; with a slash at the end a folder.", "images/disk.iso")] string path = "") =>
        HandleAsync(http, host, settings, time);

    /// <summary>Deletes a file</summary>
    /// <remarks>Here and on the other nodes, as DELETE of its resource does. Folders are there as long as there is something in
    /// them.</remarks>
    /// <response code="204">It is deleted here, and the other nodes are told.</response>
    public static async Task<Results<NoContent, Problem>> DeleteAsync(
        HttpContext http, NodeHost host, TimeProvider time,
        [Meaning("The name, as images/disk.iso.", "images/disk.iso")] string path = "")
    {
        if (FilePath.TryReadFile(http, out var name) is { } wrong)
        {
            return wrong;
        }

        var id = ResourcePath.IdOf(name);
        var here = host.Node.Find(id) is { Manifest.IsDeleted: false } stored ? stored.Manifest
            : await host.Node.FindManifestAsync(id, OpenSource.Any, CancellationToken.None);
        if (here is not null && here.Path != name)
        {
            return OtherName(name, id);
        }

        if (await ResourceManagement.RemoveAsync(http, host.Node, time, id, FilePath.UrlOf(name)) is { } problem)
        {
            return problem;
        }

        return TypedResults.NoContent();
    }

    /// <summary>What has a name's id has not its name.</summary>
    public static Problem OtherName(string path, ResourceId id) => new(
        ProblemType.NotFound, $"There is no {FilePath.UrlOf(path)}; resource {id}, which would have that name, has not.");

    /// <summary>Why there is no file of a name; there may be a folder.</summary>
    public static async Task<Problem> ExplainAsync(HttpContext http, MurkyNode node, string path, OpenResult opened)
    {
        if (opened.Status is OpenStatus.NotFound or OpenStatus.Deleted)
        {
            try
            {
                var page = await node.ListFolderAsync(new FolderQuery(path + '/', "", 1), http.RequestAborted);
                if (page.Items.Count > 0)
                {
                    return new Problem(
                        ProblemType.NotFound, $"{FilePath.UrlOf(path)} is a folder: GET {FilePath.UrlOf(path)}/ lists it.");
                }
            }
            catch (StoreException)
            {
                // What is known of the file is told.
            }
        }

        return Problem.OfOpening(ResourcePath.IdOf(path), opened, FilePath.UrlOf(path));
    }

    private static Task HandleAsync(HttpContext http, NodeHost host, GatewaySettings settings, TimeProvider time) =>
        FilePath.TryRead(http, out var path) is { } wrong ? wrong.ExecuteAsync(http)
            : FilePath.IsFolder(path) ? FolderReading.AnswerAsync(http, host.Node, settings, path)
            : ResourceReading.AnswerAsync(http, host, settings, time, ResourcePath.IdOf(path), path);
}
