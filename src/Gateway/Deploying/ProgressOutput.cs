using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gateway.Deploying;

/// <summary>Tells how far a deployment is: a line that is written over on a terminal, one every few seconds where it goes into a file, or
/// JSON, a line each.</summary>
internal sealed class ProgressOutput(TextWriter errors, bool isJson, bool isTerminal)
{
    private static readonly TimeSpan FileInterval = TimeSpan.FromSeconds(5), JsonInterval = TimeSpan.FromSeconds(1);
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly Lock _gate = new();
    private readonly TimeProvider _time = TimeProvider.System;
    private long? _toldAt;
    private string? _phase;
    private int _lineLength;

    /// <summary>Tells it, if it is time to.</summary>
    public void Tell(Progress progress)
    {
        lock (_gate)
        {
            var interval = isJson ? JsonInterval : isTerminal ? TimeSpan.Zero : FileInterval;
            if (_toldAt is { } at && progress.Phase == _phase && _time.GetElapsedTime(at) < interval)
            {
                return;
            }

            _toldAt = _time.GetTimestamp();
            _phase = progress.Phase;
            if (isJson)
            {
                errors.WriteLine(Json(writer => Write(writer, progress)));
            }
            else if (isTerminal)
            {
                var line = Line(progress);
                errors.Write($"\r{line.PadRight(_lineLength)}");
                _lineLength = line.Length;
            }
            else
            {
                errors.WriteLine(Line(progress));
            }

            errors.Flush();
        }
    }

    /// <summary>Says something, in a line of its own.</summary>
    public void Say(string text)
    {
        lock (_gate)
        {
            EndLine();
            text = text.ReplaceLineEndings(" ");
            errors.WriteLine(isJson ? Json(writer => writer.WriteString("message", text)) : text);
            errors.Flush();
        }
    }

    /// <summary>Says how it ended.</summary>
    public int End(int exitCode, string text, Progress? progress = null)
    {
        lock (_gate)
        {
            EndLine();
            text = text.ReplaceLineEndings(" ");
            errors.WriteLine(!isJson ? text : Json(writer =>
            {
                if (progress is not null)
                {
                    Write(writer, progress);
                }

                writer.WriteString("message", text);
                writer.WriteNumber("exitCode", exitCode);
            }));
            errors.Flush();
            return exitCode;
        }
    }

    /// <summary>As in <c>receiving 41.2 % of 8.59 GB, 98.1 Mbit/s, loss 1.02 %, receivers 3 of 8, 6 min 12 s left</c>.</summary>
    public static string Line(Progress progress)
    {
        var text = new StringBuilder(progress.Phase);
        if (progress.TotalBytes is { } total)
        {
            var share = total == 0 ? 1 : Math.Min(1, (double)progress.DoneBytes / total);
            text.Append(CultureInfo.InvariantCulture, $" {100 * share:0.0} % of {Size(total)}");
        }
        else if (progress.DoneBytes > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" {Size(progress.DoneBytes)}");
        }

        if (progress.RateBytesPerSecond is { } rate)
        {
            text.Append(CultureInfo.InvariantCulture, $", {Bits(rate * 8)}bit/s");
        }

        if (progress.Loss is { } loss)
        {
            text.Append(CultureInfo.InvariantCulture, $", loss {100 * loss:0.00} %");
        }

        if (progress.Receivers is var (known, done, failed))
        {
            text.Append(CultureInfo.InvariantCulture, $", receivers {done} of {known}{(failed == 0 ? "" : $" ({failed} failed)")}");
        }

        if (progress.Left is { } left)
        {
            text.Append(CultureInfo.InvariantCulture, $", {Duration(left)} left");
        }

        return text.ToString();
    }

    /// <summary>Bytes in a unit of 1000, with three digits.</summary>
    public static string Size(long bytes) => bytes < 1000 ? $"{bytes} B" : $"{Scaled(bytes)}B";

    /// <summary>As in <c>6 min 12 s</c>.</summary>
    public static string Duration(TimeSpan time) =>
        time.TotalSeconds < 60 ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalSeconds)} s")
        : time.TotalMinutes < 60 ? $"{time.Minutes} min {time.Seconds} s" : $"{(int)time.TotalHours} h {time.Minutes} min";

    private static string Bits(double bits) => bits < 1000 ? string.Create(CultureInfo.InvariantCulture, $"{bits:0} ") : Scaled(bits);

    private static string Scaled(double value)
    {
        var unit = 0;
        for (; value >= 1000 && unit < 5; unit++)
        {
            value /= 1000;
        }

        var digits = value < 10 ? "0.00" : value < 100 ? "0.0" : "0";
        return $"{value.ToString(digits, CultureInfo.InvariantCulture)} {" kMGTP"[unit]}";
    }

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, JsonOptions))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    private static void Write(Utf8JsonWriter writer, Progress progress)
    {
        writer.WriteString("phase", progress.Phase);
        writer.WriteNumber("doneBytes", progress.DoneBytes);
        if (progress.TotalBytes is { } total)
        {
            writer.WriteNumber("totalBytes", total);
        }

        if (progress.RateBytesPerSecond is { } rate)
        {
            writer.WriteNumber("bitsPerSecond", (long)(rate * 8));
        }

        if (progress.Loss is { } loss)
        {
            writer.WriteNumber("loss", Math.Round(loss, 6));
        }

        if (progress.Receivers is var (known, done, failed))
        {
            writer.WriteNumber("receivers", known);
            writer.WriteNumber("receiversDone", done);
            writer.WriteNumber("receiversFailed", failed);
        }

        if (progress.Left is { } left)
        {
            writer.WriteNumber("secondsLeft", Math.Round(left.TotalSeconds, 1));
        }
    }

    private void EndLine()
    {
        if (_lineLength > 0)
        {
            errors.WriteLine();
            _lineLength = 0;
        }
    }
}
