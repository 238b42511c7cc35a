using System.Text;

namespace MurkyWaters.Tests.Archive;

/// <summary>Programs at random: every one it makes is valid, and uses all that there is.</summary>
internal static class RandomPrograms
{
    public static string Next(Random random, long length, int bufferBytes)
    {
        var reads = random.Next(1, 6);
        var writes = random.Next(0, 5);
        var text = new StringBuilder($"length {length}\nbuffer {bufferBytes}\n");
        for (var i = 0; i < reads; i++)
        {
            text.Append(random.Next(2) == 0 ? $"read r{i} block R{i}\n" : $"read r{i} node N{i} R{i}\n");
        }

        for (var i = 0; i < writes; i++)
        {
            text.Append($"write w{i} block W{i}\n");
        }

        if (writes == 0 || random.Next(2) == 0)
        {
            text.Append("output b0\n");
        }

        // Reads first and last, and everything else in between.
        var toRead = new Queue<int>(Enumerable.Range(0, reads));
        var toWrite = new Queue<int>(Enumerable.Range(0, writes));
        var queued = 0;
        text.Append($"LOAD b0 r{toRead.Dequeue()}\n");
        var buffers = 1;
        for (var steps = random.Next(1, 40); steps > 0 || toRead.Count + toWrite.Count + queued > 0; steps--)
        {
            var (a, b) = (random.Next(buffers), random.Next(buffers));
            switch (random.Next(9))
            {
                case 0 when toRead.TryDequeue(out var read):
                    text.Append($"LOAD b{buffers++} r{read}\n");
                    break;
                case 1 when toWrite.TryDequeue(out var write):
                    text.Append($"WRITE b{a} w{write}\n");
                    break;
                case 2 when steps > 0:
                    text.Append($"PUSH own b{a}\n");
                    queued++;
                    break;
                case 3 when queued > 0:
                    text.Append($"POP own b{a}\n");
                    queued--;
                    break;
                case 4:
                    text.Append($"COPY b{a} b{b}\n");
                    break;
                case 5:
                    text.Append($"IADD b{a} b{b}\n");
                    break;
                case 6:
                    text.Append($"MULT b{a} {random.Next(256)} b{b}\n");
                    break;
                case 7 when buffers < 8:
                    text.Append($"COPY b{buffers++} b{b}\n");
                    break;
                default:
                    text.Append($"MULADD b{a} {random.Next(256)} b{b}\n");
                    break;
            }
        }

        text.Append(random.Next(3) == 0 ? $"PUSH out b{random.Next(buffers)}\n" : "");
        return text.ToString();
    }
}
