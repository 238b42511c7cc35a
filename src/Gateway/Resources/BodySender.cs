using System.Buffers;
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
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            var began = Stopwatch.GetTimestamp();
            foreach (var part in body.Parts)
            {
                for (var sent = 0L; sent < part.Range.Length;)
                {
                    var wanted = buffer.AsMemory(0, (int)Math.Min(ChunkBytes, part.Range.Length - sent));
                    var count = await reader.ReadAsync(part.Range.Offset + sent, wanted, http.RequestAborted);
                    if (count == 0)
                    {
                        throw new InvalidDataException($"Resource {resource} ended at {part.Range.Offset + sent}.");
                    }

                    if (!http.Response.HasStarted)
                    {
                        timing.Decoding = Stopwatch.GetElapsedTime(began);
                        timing.AddTo(http.Response.Headers);
                    }

                    if (sent == 0 && part.Head.Length > 0)
                    {
                        await http.Response.BodyWriter.WriteAsync(part.Head, http.RequestAborted);
                    }

                    await http.Response.BodyWriter.WriteAsync(wanted[..count], http.RequestAborted);
                    sent += count;
                    RequestLog.CountSent(http, count);
                }
            }

            if (!http.Response.HasStarted)
            {
                timing.AddTo(http.Response.Headers);
            }

            await http.Response.BodyWriter.WriteAsync(body.End, http.RequestAborted);
        }
        catch (FetchFailedException e) when (!http.Response.HasStarted)
        {
            http.Response.Clear();
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
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
