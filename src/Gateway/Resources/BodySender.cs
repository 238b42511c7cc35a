using System.Diagnostics;
using Gateway.Hosting;
using Gateway.Http;
using MurkyWaters;
using PouringRain.Protocol;

namespace Gateway.Resources;

/// <summary>
/// Sends the bytes of an answer at the reader's pace. As long as nothing is sent, a failed fetch becomes a problem document; later
/// the connection is aborted, so that nobody takes a part for the whole.
/// </summary>
internal static class BodySender
{
    /// <summary>Large enough that the system calls do not count, small enough that ten thousand slow readers fit in memory.</summary>
    private const int ChunkBytes = 64 * 1024;

    public static async Task SendAsync(HttpContext http, ResourceId resource, ResourceReader reader, ResponseBody body, ServerTiming timing)
    {
        var response = http.Response;
        var writer = response.BodyWriter;
        try
        {
            var began = Stopwatch.GetTimestamp();
            foreach (var part in body.Parts)
            {
                for (var sent = 0L; sent < part.Range.Length;)
                {
                    // Read straight into the connection's own memory: measured a third cheaper than a buffer between, or the
                    // server's SendFileAsync, which copies through 16 KiB.
                    var head = sent == 0 ? part.Head : [];
                    var memory = writer.GetMemory(head.Length + ChunkBytes);
                    head.CopyTo(memory);
                    var wanted = memory.Slice(head.Length, (int)Math.Min(ChunkBytes, part.Range.Length - sent));
                    var count = await reader.ReadAsync(part.Range.Offset + sent, wanted, http.RequestAborted);
                    if (count == 0)
                    {
                        throw new InvalidDataException($"Resource {resource} ended at {part.Range.Offset + sent}.");
                    }

                    if (!response.HasStarted)
                    {
                        timing.Decoding = Stopwatch.GetElapsedTime(began);
                        timing.AddTo(response.Headers);
                    }

                    writer.Advance(head.Length + count);
                    await writer.FlushAsync(http.RequestAborted);
                    sent += count;
                    RequestLog.CountSent(http, count);
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
}
