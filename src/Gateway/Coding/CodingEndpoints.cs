using System.Globalization;
using System.Security.Cryptography;
using Gateway.Access;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Rain;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using MurkyWaters.Archive;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;

namespace Gateway.Coding;

/// <summary>Programs by which nodes encode together.</summary>
internal static class CodingEndpoints
{
    private const string WorkMeaning = "The name of a program's work, or of a stream.", WorkExample = "repair-9f86d081884c7d65-3";

    private const string WrongStream = "The stream's length or name can be none's.";

    private static readonly AnswerField Begun =
        new("Location", "The work, whose stream is drawn there.", "/coding/works/repair-9f86d081884c7d65-3");

    public static void MapCoding(this IEndpointRouteBuilder app)
    {
        var shown = app.MapGroup("/coding").WithTags("Archive").RequireKeys();
        shown.MapMethods("/{code}/{node}", Methods.Read, Show).LogQuietly().WithName("ShowCodingProgram").Fails(ProblemType.NotFound);

        var coding = app.MapGroup("/coding").WithTags("Data node").ForNodes();
        coding.MapPost("/", RunAsync).WithName("RunCodingProgram")
            .TakesBytes("The program: length, bufferBytes, streams, output and instructions.", "application/json")
            .Produces<Stream>(200, SealedStream.ContentType).OrProduces<CodingWorkView>(200)
            .Produces<CodingWorkView>(202).Sends([202], Begun)
            .FailsForOthers(
                ProblemType.InvalidParameter, ProblemType.DigestMismatch, ProblemType.CodingRefused, ProblemType.CodingFailed,
                ProblemType.TooLarge, ProblemType.Overloaded);
        coding.MapMethods("/works", Methods.Read, List).LogQuietly().WithName("ListCodingWorks").FailsForOthers();
        coding.MapGet("/works/{work}", DrawAsync).WithName("DrawCodingStream").Produces<Stream>(200, SealedStream.ContentType)
            .FailsForOthers(ProblemType.InvalidParameter, ProblemType.NotFound);
        coding.MapPut("/works/{work}", TakeAsync).WithName("SendCodingStream").WithMetadata(new DisableRequestSizeLimitAttribute())
            .TakesBytes("The stream, sealed.", SealedStream.ContentType)
            .FailsForOthers(
                ProblemType.InvalidParameter, ProblemType.CodingRefused, ProblemType.CodingFailed, ProblemType.IncompleteBody);
        coding.MapDelete("/works/{work}", Stop).WithName("StopCodingProgram").FailsForOthers();
    }

    /// <summary>Shows what a node of a code's chain does</summary>
    /// <remarks>The seed's RapidRAID: the stream passes from node to node, each adds multiples of the parts that it holds and keeps a
    /// piece. It can be read from the first node to the last, or run.</remarks>
    /// <response code="200">Its parts, its piece and its program.</response>
    internal static Results<Ok<ChainNodeView>, Problem> Show(
        [Meaning("The code: rapidraid or rapidraid-2012.", "rapidraid")] string code,
        [Meaning("The node's place in the chain, from 0.", "5")] string node) =>
        ErasureCodes.All.FirstOrDefault(one => one.Name == code) is not { } known
            ? new Problem(
                ProblemType.NotFound, $"There is no code {code}: {string.Join(", ", ErasureCodes.All.Select(one => one.Name))}.")
            : !int.TryParse(node, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= known.PieceCount
            ? new Problem(ProblemType.NotFound, $"The chain of {code} has nodes 0 to {known.PieceCount - 1}.")
            : TypedResults.Ok(ChainNodeView.Of(known, index));

    /// <summary>Runs a coding program</summary>
    /// <remarks>
    /// For nodes of the cluster alone. A program reads blocks of this node, cells of pieces that it keeps and streams of members of the
    /// cluster, and nothing else. It is checked before it runs. Without ?work= it is answered with the program's own stream, or, when it
    /// has none, with what became of it. With ?work= it runs in the background, and its stream is drawn at GET /coding/works/{work}, or
    /// sent on to ?to= as ?as=.
    /// </remarks>
    /// <response code="200">The program's own stream, sealed; or, when it has none, how it ended.</response>
    /// <response code="202">It runs.</response>
    internal static async Task<IResult> RunAsync(
        HttpContext http, NodeHost host,
        [Meaning("The name under which it runs.", "repair-9f86d081884c7d65-3")] string? work,
        [Meaning("The node that its stream is sent to.", "7c0d8b52a1f04e6c93b1d6f0a2e4c811")] string? to,
        [Meaning("The stream's name at that node.", "repair-9f86d081884c7d65-4")] string? @as)
    {
        var (program, wrong) = await ReadProgramAsync(http);
        if (wrong is not null)
        {
            return wrong;
        }

        if (work is null)
        {
            return to is null && @as is null ? await RunToEndAsync(http, host.Node.Coding, program!)
                : new Problem(ProblemType.InvalidParameter, "Only a program that has a name sends its stream on.");
        }

        if (!CodingLimits.IsTarget(work) || (to is null) != (@as is null)
            || (to is not null && (!NodeId.TryParse(to, out _) || !CodingLimits.IsTarget(@as) || program!.Output is null)))
        {
            return new Problem(
                ProblemType.InvalidParameter,
                "Work and as are of letters, digits and -_., to is a node, and a stream is sent on where there is one.");
        }

        switch (host.Node.Coding.TryBegin(program!, work, to is null ? null : new CodingPlace(to, @as!)))
        {
            case CodingBegun.Begun:
                return TypedResults.Accepted(
                    $"/coding/works/{work}", CodingWorkView.Of(new CodingWork(work, program!.Length, null)));
            case CodingBegun.Taken:
                return new Problem(ProblemType.CodingRefused, $"Another program, or stream, is called {work}.");
            default:
                return new Problem(ProblemType.Overloaded, "As many programs run as may.");
        }
    }

    /// <summary>Lists the coding programs that run here</summary>
    /// <remarks>For nodes of the cluster alone: those that run, and those that have ended within the last minute.</remarks>
    /// <response code="200">All of them.</response>
    internal static Ok<ItemList<CodingWorkView>> List(NodeHost host) =>
        TypedResults.Ok(new ItemList<CodingWorkView>([.. host.Node.Coding.Works.Select(CodingWorkView.Of)]));

    /// <summary>Draws the stream of a coding program</summary>
    /// <remarks>
    /// For nodes of the cluster alone. It is drawn once, as fast as it is read, and its end says whether it was whole. With ?length= it may
    /// be drawn before its program begins, for half a minute.
    /// </remarks>
    /// <response code="200">The stream, sealed.</response>
    internal static async Task<IResult> DrawAsync(
        HttpContext http, NodeHost host, [Meaning(WorkMeaning, WorkExample)] string work,
        [Meaning("The stream's bytes, where its program may still begin.", 4545455)] long? length)
    {
        if (length is < 0 or > CodingLimits.LengthMax || !CodingLimits.IsTarget(work))
        {
            return new Problem(ProblemType.InvalidParameter, WrongStream);
        }

        if (host.Node.Coding.TryDraw(work, length) is not { } source)
        {
            return new Problem(ProblemType.NotFound, $"No program {work} gives a stream here, or somebody draws it already.");
        }

        await using (source)
        {
            await using var sink = BeginStream(http);

            // Whoever draws it is not to wait for the first bytes before it opens what else it needs.
            await http.Response.Body.FlushAsync(http.RequestAborted);
            await CopyAsync(source, source.Length!.Value, sink, http.RequestAborted);
        }

        return TypedResults.Empty;
    }

    /// <summary>Sends a stream to a coding program</summary>
    /// <remarks>For nodes of the cluster alone: a program of this node reads it, as that of a work of the node itself.</remarks>
    /// <response code="204">All of it was taken.</response>
    internal static async Task<Results<NoContent, Problem>> TakeAsync(
        HttpContext http, NodeHost host, [Meaning(WorkMeaning, WorkExample)] string work,
        [Meaning("The stream's bytes.", 4545455)] long length)
    {
        if (length is < 0 or > CodingLimits.LengthMax || !CodingLimits.IsTarget(work))
        {
            return new Problem(ProblemType.InvalidParameter, WrongStream);
        }

        if (host.Node.Coding.TryTake(work, length) is not { } sink)
        {
            return new Problem(ProblemType.CodingRefused, $"Stream {work} is sent already, or has another length.");
        }

        BeUnhurried(http);
        await using (sink)
        {
            await using var source = new SealedStream.Source(http.Request.Body, NodeDoor.KeysOf(http).Up, "The other node");
            var buffer = new byte[Math.Max(1, Math.Min(ChainPrograms.UsualBufferBytes, length))];
            try
            {
                for (var left = length; left > 0;)
                {
                    var bytes = buffer.AsMemory(0, (int)Math.Min(buffer.Length, left));
                    if (!await source.TryReadAsync(bytes, http.RequestAborted))
                    {
                        return new Problem(ProblemType.IncompleteBody, "The stream is shorter than it was to be.");
                    }

                    await sink.WriteAsync(bytes, http.RequestAborted);
                    left -= bytes.Length;
                }

                if (!await source.IsAtEndAsync(http.RequestAborted))
                {
                    return new Problem(ProblemType.IncompleteBody, "The stream is longer than it was to be.");
                }

                await sink.CompleteAsync(http.RequestAborted);
                return TypedResults.NoContent();
            }
            catch (IOException error)
            {
                return new Problem(ProblemType.CodingFailed, error.Message);
            }
        }
    }

    /// <summary>Ends a coding program</summary>
    /// <remarks>For nodes of the cluster alone. What it has written is not kept; one that has ended stays as it is.</remarks>
    /// <response code="204">It runs no more.</response>
    internal static NoContent Stop(NodeHost host, [Meaning(WorkMeaning, WorkExample)] string work)
    {
        host.Node.Coding.TryStop(work);
        return TypedResults.NoContent();
    }

    private static async Task<(CodingProgram? Program, Problem? Problem)> ReadProgramAsync(HttpContext http)
    {
        var buffer = new byte[CodingLimits.ProgramBytesMax + 1];
        var count = await http.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, http.RequestAborted);
        if (count > CodingLimits.ProgramBytesMax)
        {
            return (null, new Problem(ProblemType.TooLarge, $"A program has {CodingLimits.ProgramBytesMax} bytes at most."));
        }

        var utf8 = buffer.AsMemory(0, count);
        return NodeDoor.ClaimOf(http).Digest != Convert.ToHexStringLower(SHA256.HashData(utf8.Span))
            ? (null, new Problem(ProblemType.DigestMismatch, "The proof is of another program."))
            : CodingJson.TryRead(utf8, out var program, out var error) ? (program, null)
            : (null, new Problem(ProblemType.InvalidParameter, error));
    }

    private static async Task<IResult> RunToEndAsync(HttpContext http, CodingDesk desk, CodingProgram program)
    {
        await using var sink = program.Output is null ? null : new LateSink(() => BeginStream(http));
        var result = await desk.RunAsync(program, sink, http.RequestAborted);
        if (result is null)
        {
            return new Problem(ProblemType.Overloaded, "As many programs run as may.");
        }

        if (result.Outcome == CodingOutcome.Completed)
        {
            return sink is null ? TypedResults.Ok(CodingWorkView.Of(new CodingWork("", program.Length, result))) : TypedResults.Empty;
        }

        if (sink?.Begun is not { } begun)
        {
            return new Problem(ProblemType.CodingFailed, result.ToString());
        }

        if (!http.RequestAborted.IsCancellationRequested)
        {
            await begun.FailAsync(result.ToString(), http.RequestAborted);
        }

        return TypedResults.Empty;
    }

    private static SealedStream.Sink BeginStream(HttpContext http)
    {
        BeUnhurried(http);
        http.Response.ContentType = SealedStream.ContentType;
        return new SealedStream.Sink(http.Response.Body, NodeDoor.KeysOf(http).Down);
    }

    /// <summary>A stream goes as fast as the slowest node on its way, which is not the other end's fault.</summary>
    private static void BeUnhurried(HttpContext http)
    {
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } request)
        {
            request.MinDataRate = null;
        }

        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } response)
        {
            response.MinDataRate = null;
        }
    }

    private static async Task CopyAsync(ICodingSource source, long length, SealedStream.Sink sink, CancellationToken cancellation)
    {
        var buffer = new byte[Math.Max(1, Math.Min(ChainPrograms.UsualBufferBytes, length))];
        try
        {
            for (var left = length; left > 0;)
            {
                var bytes = buffer.AsMemory(0, (int)Math.Min(buffer.Length, left));
                if (!await source.TryReadAsync(bytes, cancellation))
                {
                    await sink.FailAsync("The stream is shorter than it was to be.", cancellation);
                    return;
                }

                await sink.WriteAsync(bytes, cancellation);
                left -= bytes.Length;
            }

            await sink.CompleteAsync(cancellation);
        }
        catch (IOException error) when (!cancellation.IsCancellationRequested)
        {
            await sink.FailAsync(error.Message, cancellation);
        }
        catch (OperationCanceledException)
        {
            // Whoever drew it has gone.
        }
    }

    /// <summary>The answer's body, which begins with the first bytes: before, a problem can still be told.</summary>
    private sealed class LateSink(Func<SealedStream.Sink> begin) : ICodingSink
    {
        public SealedStream.Sink? Begun { get; private set; }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation) =>
            (Begun ??= begin()).WriteAsync(bytes, cancellation);

        public ValueTask CompleteAsync(CancellationToken cancellation) => (Begun ??= begin()).CompleteAsync(cancellation);

        public ValueTask DisposeAsync() => Begun?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
