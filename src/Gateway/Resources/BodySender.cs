using System.Buffers;
using System.IO.Pipelines;
using Gateway.Configuration;
using Gateway.Connections;
using Gateway.Hosting;
using Gateway.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using MurkyWaters;
using PouringRain.Protocol;

namespace Gateway.Resources;

/// <summary>
/// Sends the bytes of an answer at the reader's pace. As long as nothing is sent, a failed fetch becomes a problem document; later
/// the connection is aborted, so that nobody takes a part for the whole.
/// </summary>
internal static class BodySender
{
    /// <summary>Of a copy through memory: large enough that the system calls do not count, small enough that ten thousand slow readers
    /// fit in memory.</summary>
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Between two looks at a reader for whom a flush waits.</summary>
    private static readonly TimeSpan PaceLook = TimeSpan.FromSeconds(1);

    public static async Task SendAsync(HttpContext http, ResourceId resource, ResourceReader reader, ResponseBody body, ServerTiming timing)
    {
        var response = http.Response;
        var writer = response.BodyWriter;
        var output = http.Features.Get<IFileOutput>();
        var files = output;
        if (output is not null && http.Features.Get<IHttpMinResponseDataRateFeature>() is { } serversPace)
        {
            // The connection's output watches the reader by what it takes.
            serversPace.MinDataRate = null;
        }

        // Over HTTP/2 a reader can leave one answer lying while its connection goes on.
        var pace = HttpProtocol.IsHttp2(http.Request.Protocol) ? PaceOf(http) : null;
        var began = TimeProvider.System.GetTimestamp();
        try
        {
            foreach (var part in body.Parts)
            {
                for (var sent = 0L; sent < part.Range.Length;)
                {
                    var offset = part.Range.Offset + sent;
                    var left = part.Range.Length - sent;
                    var run = await reader.LocateAsync(offset, (int)Math.Min(files?.RunBytesMax ?? ChunkBytes, left), http.RequestAborted);
                    if (!response.HasStarted)
                    {
                        timing.Decoding = TimeProvider.System.GetElapsedTime(began);
                        timing.Rain = reader.Times;
                        timing.MissingPieces = reader.MissingPieces?.Length ?? timing.MissingPieces;
                        timing.AddTo(response.Headers);
                        await response.StartAsync(http.RequestAborted);
                    }

                    if (sent == 0)
                    {
                        writer.Write(part.Head);
                    }

                    if (files is null || run.File is null || !TryWriteRun(writer, files, run, offset))
                    {
                        files = run.File is null ? files : null;
                        var count = (int)Math.Min(ChunkBytes, left);
                        var memory = writer.GetMemory(count)[..count];
                        run = run with { Count = await reader.ReadAsync(offset, memory, http.RequestAborted) };
                        writer.Advance(run.Count);
                    }

                    if (run.Count == 0)
                    {
                        throw new InvalidDataException($"Resource {resource} ended at {offset}.");
                    }

                    var before = output?.SentBytes ?? 0;
                    if ((await FlushAsync(http, writer, run.Count, pace)).IsCompleted)
                    {
                        // Nobody is there any more. Of this run the socket may have taken a part.
                        RequestLog.CountSent(http, (int)Math.Min(run.Count, (output?.SentBytes ?? 0) - before));
                        RequestLog.NoteGone(http);
                        return;
                    }

                    sent += run.Count;
                    RequestLog.CountSent(http, run.Count);
                }
            }

            if (!response.HasStarted)
            {
                timing.AddTo(response.Headers);
            }

            await writer.WriteAsync(body.End, http.RequestAborted);
        }
        catch (FetchFailedException e) when (!response.HasStarted)
        {
            response.Clear();
            await Problem.OfFetch(resource, e).ExecuteAsync(http);
        }
        catch (FetchFailedException e)
        {
            RequestLog.Abort(http, e.Message);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client went away; the log says so.
        }
    }

    private static ReaderPace? PaceOf(HttpContext http)
    {
        var limits = http.RequestServices.GetRequiredService<GatewaySettings>().Gateway;
        return limits.RateBytesPerSecondMin == 0 ? null : new ReaderPace(limits.RateBytesPerSecondMin, limits.RateGrace);
    }

    /// <summary>Flushes, and breaks off the answer to a reader who has become too slow.</summary>
    private static async ValueTask<FlushResult> FlushAsync(HttpContext http, PipeWriter writer, int count, ReaderPace? pace)
    {
        if (pace is null)
        {
            return await writer.FlushAsync(http.RequestAborted);
        }

        var flush = writer.FlushAsync(http.RequestAborted).AsTask();
        while (!flush.IsCompleted && await Task.WhenAny(flush, Task.Delay(PaceLook, CancellationToken.None)) != flush)
        {
            if (!pace.TryWait(PaceLook, 0))
            {
                RequestLog.Abort(http, "the client takes less than Gateway:MinRateBytesPerSecond");
                break;
            }
        }

        var result = await flush;
        pace.TryWait(TimeSpan.Zero, count);
        return result;
    }

    private static bool TryWriteRun(PipeWriter writer, IFileOutput files, FileRun run, long offset)
    {
        files.Offer(run.File!, offset, run.Count);
        if (!files.Takes(writer.GetMemory(run.Count)))
        {
            return false;
        }

        writer.Advance(run.Count);
        return true;
    }
}
