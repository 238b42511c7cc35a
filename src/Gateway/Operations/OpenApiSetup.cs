using Gateway.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Gateway.Operations;

/// <summary>The OpenAPI document and its page: what the code does not say by itself.</summary>
internal static class OpenApiSetup
{
    private const string Bytes = "application/octet-stream";
    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    public static void AddApiDocument(this IServiceCollection services) =>
        services.AddOpenApi(options =>
        {
            options.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new OpenApiInfo
                {
                    Title = "Pouring Rain",
                    Version = "1",
                    Description = "An HTTP gateway in front of a cloud of rain servers. "
                        + "Ids are unsigned 64-bit numbers, decimal or hexadecimal after 0x; in JSON they are strings.",
                };

                // The address that the reader used is right; a list would only name the one of whoever asked first.
                document.Servers = [];
                return Task.CompletedTask;
            });
            // HEAD of what answers with JSON is there and says nothing more than GET.
            options.ShouldInclude = api =>
                !HttpMethods.IsHead(api.HttpMethod ?? "") || api.ActionDescriptor.EndpointMetadata.Contains(SendsBytesMark.Instance);
            options.AddOperationTransformer(CompleteAsync);
        });

    /// <summary>Maps the document and the page that shows it.</summary>
    public static void UseApiPage(this WebApplication app) =>
        app.UseSwaggerUI(page =>
        {
            page.RoutePrefix = "swagger";
            page.SwaggerEndpoint("/openapi/v1.json", "Pouring Rain");
            page.DocumentTitle = "Pouring Rain API";
        });

    /// <summary>Maps a reading: HEAD is always there where GET is (RFC 9110 §9.1).</summary>
    public static RouteHandlerBuilder MapRead(this IEndpointRouteBuilder endpoints, string pattern, Delegate handler) =>
        endpoints.MapMethods(pattern, ReadMethods, handler);

    /// <summary>What an operation does, in a line and in more words.</summary>
    public static TBuilder Describe<TBuilder>(this TBuilder endpoint, string summary, string description)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithSummary(summary).WithDescription(description);

    /// <summary>What an operation answers: a success with a JSON body, and problems.</summary>
    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder endpoint, int success, params int[] problems) => endpoint.Answers<T>([success], problems);

    /// <summary>What an operation answers: successes with a JSON body, and problems.</summary>
    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder endpoint, int[] successes, params int[] problems)
    {
        foreach (var status in successes)
        {
            endpoint.Produces<T>(status);
        }

        return endpoint.AnswersProblems(problems);
    }

    /// <summary>What an operation answers: a success without a body, and problems.</summary>
    public static RouteHandlerBuilder Answers(this RouteHandlerBuilder endpoint, int success, params int[] problems) =>
        endpoint.Produces(success).AnswersProblems(problems);

    /// <summary>What an operation answers: text of a media type.</summary>
    public static RouteHandlerBuilder Answers(this RouteHandlerBuilder endpoint, int success, string contentType) =>
        endpoint.Produces<string>(success, contentType);

    /// <summary>The answers of a download.</summary>
    public static RouteHandlerBuilder SendsBytes(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(SendsBytesMark.Instance);

    /// <summary>The body of an upload.</summary>
    public static RouteHandlerBuilder DescribesBytesTaken(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(TakesBytesMark.Instance);

    /// <summary>The body of a PATCH that appends to an upload.</summary>
    public static RouteHandlerBuilder DescribesPartTaken(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(TakesPartMark.Instance);

    private static RouteHandlerBuilder AnswersProblems(this RouteHandlerBuilder endpoint, int[] problems)
    {
        foreach (var status in problems)
        {
            endpoint.Produces<Problem.Document>(status, "application/problem+json");
        }

        return endpoint;
    }

    private static Task CompleteAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>().Where(parameter => parameter.Name == "id") ?? [])
        {
            parameter.Description = "An unsigned 64-bit number, decimal or hexadecimal after 0x.";
            parameter.Schema = new OpenApiSchema { Type = JsonSchemaType.String, Pattern = "^([0-9]+|0[xX][0-9a-fA-F]+)$" };
            parameter.Example = "42";
        }

        // Comments of handlers are for who reads the code; what the endpoint says of itself is for who calls it.
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Summary = metadata.OfType<IEndpointSummaryMetadata>().LastOrDefault()?.Summary ?? operation.Summary;
        if (metadata.Contains(TakesBytesMark.Instance))
        {
            DescribeUpload(operation);
        }

        if (metadata.Contains(TakesPartMark.Instance))
        {
            DescribeAppend(operation);
        }

        if (metadata.Contains(SendsBytesMark.Instance))
        {
            DescribeDownload(operation, isHead: HttpMethods.IsHead(context.Description.HttpMethod ?? ""));
        }

        return Task.CompletedTask;
    }

    private static void DescribeUpload(OpenApiOperation operation)
    {
        operation.RequestBody = new OpenApiRequestBody { Required = true, Description = "The bytes as they are to be kept.", Content = BytesContent() };
        Add(operation, ParameterLocation.Query, "code", "The erasure code; the setting Rain:Code by default.");
        Add(operation, ParameterLocation.Query, "replicas", "Nodes that are to hold it before the answer, this one included.");
        Add(operation, ParameterLocation.Header, "If-Match", "Only if the resource is at one of these versions; * for any.");
        Add(operation, ParameterLocation.Header, "If-None-Match", "* for only if there is no such resource.");
        Add(operation, ParameterLocation.Header, "Content-Disposition", "The file name, as in attachment; filename=\"photo.jpg\".");
        Add(operation, ParameterLocation.Header, "Content-Digest", "sha-256=:(base64):, refused with 400 when the bytes have another.");
        Add(operation, ParameterLocation.Header, "Upload-Complete", "?0: the body, which may be empty, is but the beginning; PATCH of the answer's Location goes on.");
        Add(operation, ParameterLocation.Header, "Upload-Length", "Bytes of the whole, when the body is but the beginning.");
    }

    private static void DescribeAppend(OpenApiOperation operation)
    {
        operation.RequestBody = new OpenApiRequestBody
        {
            Description = "The bytes from the offset on.",
            Content = new Dictionary<string, OpenApiMediaType>
            {
                [Uploads.UploadFields.PartialUpload] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } },
            },
        };
        Add(operation, ParameterLocation.Header, "Upload-Offset", "Where the body begins in the whole; 409 unless the upload stands there.");
        Add(operation, ParameterLocation.Header, "Upload-Complete", "?1: this is the rest; ?0: more follows.");
        Add(operation, ParameterLocation.Header, "Upload-Length", "Bytes of the whole, if they are known by now.");
        Add(operation, ParameterLocation.Header, "Content-Digest", "sha-256=:(base64): of this body, refused with 400 when its bytes have another.");
        Add(operation, ParameterLocation.Header, "Repr-Digest", "sha-256=:(base64): of the whole, checked at the end.");
    }

    private static void DescribeDownload(OpenApiOperation operation, bool isHead)
    {
        Add(operation, ParameterLocation.Query, "filename", "A file name to offer instead of the stored one.");
        Add(operation, ParameterLocation.Query, "download", "1: a browser is to save rather than show.");
        Add(operation, ParameterLocation.Header, "Range", "As in bytes=0-99, bytes=100-, bytes=-100, or several with commas.");
        Add(operation, ParameterLocation.Header, "If-None-Match", "Versions that need not be sent again.");
        Add(operation, ParameterLocation.Header, "Cache-Control", "no-cache: from the rain though it is here; only-if-cached: only from here.");
        operation.Responses = new OpenApiResponses();
        AddResponse(operation, 200, "The whole", isHead ? null : BytesContent());
        if (isHead)
        {
            // Two methods of one endpoint must not share a name.
            operation.OperationId += "Head";
        }
        else
        {
            AddResponse(operation, 206, "The ranges asked for; multipart/byteranges when there are several", BytesContent());
            AddResponse(operation, 416, "No range lies inside the resource", null);
        }

        AddResponse(operation, 304, "Not modified", null);
        foreach (var type in (ReadOnlySpan<ProblemType>)[
            ProblemType.InvalidResourceId, ProblemType.Unauthorized, ProblemType.NotFound, ProblemType.Gone, ProblemType.PreconditionFailed,
            ProblemType.IntegrityFailure, ProblemType.Overloaded, ProblemType.RetrievalTimeout])
        {
            AddResponse(operation, type.Status, type.Title, null);
        }
    }

    private static void Add(OpenApiOperation operation, ParameterLocation place, string name, string description)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter
        {
            Name = name,
            In = place,
            Description = description,
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        });
    }

    private static void AddResponse(OpenApiOperation operation, int status, string description, Dictionary<string, OpenApiMediaType>? content) =>
        operation.Responses!.Add(
            status.ToString(System.Globalization.CultureInfo.InvariantCulture), new OpenApiResponse { Description = description, Content = content });

    private static Dictionary<string, OpenApiMediaType> BytesContent() =>
        new() { [Bytes] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } } };

    private sealed class SendsBytesMark
    {
        public static readonly SendsBytesMark Instance = new();
    }

    private sealed class TakesPartMark
    {
        public static readonly TakesPartMark Instance = new();
    }

    private sealed class TakesBytesMark
    {
        public static readonly TakesBytesMark Instance = new();
    }
}
