using System.Net.Mime;
using System.Security.Cryptography;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Coding;

/// <summary>Blocks of bytes that coding programs read and write: STORE and RETRIEVE of the seed's data nodes.</summary>
internal static class BlockEndpoints
{
    private const int ChunkBytes = 64 * 1024;

    private const string IdMeaning = "The block's id: small letters, digits, hyphens and underscores, 64 at most.", IdExample = "part-3";

    public static void MapBlocks(this IEndpointRouteBuilder app)
    {
        var blocks = app.MapGroup("/blocks").WithTags("Data node").ForNodes();
        blocks.MapPut("/{id}", PutAsync).WithName("PutBlock").WithMetadata(new DisableRequestSizeLimitAttribute())
            .TakesBytes("The block's bytes.")
            .FailsForOthers(
                ProblemType.InvalidParameter, ProblemType.IncompleteBody, ProblemType.DigestMismatch, ProblemType.RequestTimeout,
                ProblemType.StoreReadOnly, ProblemType.StoreFull);
        blocks.MapGet("/{id}", GetAsync).WithName("GetBlock").Takes<RangeParameters>()
            .Produces<Stream>(200, MediaTypeNames.Application.Octet).Produces<Stream>(206, MediaTypeNames.Application.Octet)
            .Sends([200, 206], AnswerField.AcceptRanges).Sends([206, 416], AnswerField.ContentRange)
            .FailsForOthers(ProblemType.NotFound, ProblemType.RangeNotSatisfiable);
        blocks.MapDelete("/{id}", DeleteAsync).WithName("DeleteBlock")
            .FailsForOthers(ProblemType.NotFound, ProblemType.StoreReadOnly, ProblemType.StoreFull);
    }

    /// <summary>Stores a block</summary>
    /// <remarks>For nodes of the cluster alone. It is there once it is whole and on the disk, in place of one of the same id. Where the
    /// proof has a digest, the bytes are compared with it.</remarks>
    /// <response code="204">It is kept.</response>
    internal static async Task<Results<NoContent, Problem>> PutAsync(
        HttpContext http, NodeHost host, [Meaning(IdMeaning, IdExample)] string id)
    {
        if (http.Request.ContentLength is not { } length)
        {
            return new Problem(ProblemType.InvalidParameter, "Content-Length is to say how long the block is.");
        }

        await using var block = host.Node.Coding.TryCreateBlock(id, length);
        if (block is null)
        {
            return new Problem(ProblemType.InvalidParameter, $"'{id}' can be no block's id: small letters, digits, - and _, 64 at most.");
        }

        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[ChunkBytes];
        for (var left = length; left > 0;)
        {
            var count = await http.Request.Body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), http.RequestAborted);
            if (count == 0)
            {
                return new Problem(ProblemType.IncompleteBody, $"{left} bytes of the block have not come.");
            }

            digest.AppendData(buffer.AsSpan(0, count));
            await block.WriteAsync(buffer.AsMemory(0, count), http.RequestAborted);
            left -= count;
        }

        var said = NodeDoor.ClaimOf(http).Digest;
        if (said != NodeClaim.NoDigest && said != Convert.ToHexStringLower(digest.GetHashAndReset()))
        {
            return new Problem(ProblemType.DigestMismatch, "The bytes are not those of the proof.");
        }

        await block.CompleteAsync(CancellationToken.None);
        return TypedResults.NoContent();
    }

    /// <summary>Retrieves a block</summary>
    /// <remarks>For nodes of the cluster alone. With a range of bytes that range; of several ranges the whole.</remarks>
    /// <response code="200">The block's bytes.</response>
    /// <response code="206">The range of them.</response>
    internal static async Task<IResult> GetAsync(HttpContext http, NodeHost host, [Meaning(IdMeaning, IdExample)] string id)
    {
        await using var block = host.Node.Coding.TryOpenBlock(id);
        if (block is null)
        {
            return new Problem(ProblemType.NotFound, $"There is no block {id} here.");
        }

        var (range, status) = (new ByteRange(0, block.Bytes), 200);
        IReadOnlyList<ByteRange> ranges = [];
        var response = http.Response;
        switch (RangeHeader.Parse(http.Request.Headers.Range)?.Resolve(block.Bytes, out ranges))
        {
            case RangeHeader.Outcome.Unsatisfiable:
                response.Headers.ContentRange = ByteRange.ContentRangeOfNone(block.Bytes);
                return new Problem(ProblemType.RangeNotSatisfiable, $"The block has {block.Bytes} bytes.");
            case RangeHeader.Outcome.Partial when ranges.Count == 1 && http.Request.Headers.IfRange.Count == 0:
                (range, status) = (ranges[0], 206);
                response.Headers.ContentRange = range.ToContentRange(block.Bytes);
                break;
            default:
                break;
        }

        (response.StatusCode, response.ContentLength, response.ContentType) = (status, range.Length, MediaTypeNames.Application.Octet);
        response.Headers.AcceptRanges = "bytes";
        block.Seek(range.Offset);
        var buffer = new byte[Math.Max(1, Math.Min(ChunkBytes, range.Length))];
        for (var left = range.Length; left > 0; left -= Math.Min(buffer.Length, left))
        {
            var bytes = buffer.AsMemory(0, (int)Math.Min(buffer.Length, left));
            if (!await block.TryReadAsync(bytes, http.RequestAborted))
            {
                // Nobody is to take a part for the whole.
                http.Abort();
                break;
            }

            await response.Body.WriteAsync(bytes, http.RequestAborted);
        }

        return TypedResults.Empty;
    }

    /// <summary>Removes a block</summary>
    /// <remarks>For nodes of the cluster alone. Programs that read it go on.</remarks>
    /// <response code="204">It is gone.</response>
    internal static async Task<Results<NoContent, Problem>> DeleteAsync(NodeHost host, [Meaning(IdMeaning, IdExample)] string id) =>
        await host.Node.Coding.TryRemoveBlockAsync(id) ? TypedResults.NoContent()
            : new Problem(ProblemType.NotFound, $"There is no block {id} here.");
}
